#include <strings.h>

#include <httpd.h>
#include <http_config.h>
#include <http_log.h>
#include <http_request.h>
#include <apr_file_io.h>
#include <apr_strings.h>

#include "muse_config.h"
#include "muse_page.h"

APLOG_USE_MODULE(muse_ai);

int muse_page_is_handler(const char *handler)
{
    return handler && (!strcmp(handler, MUSE_HANDLER) || !strcmp(handler, MUSE_HANDLER_ALIAS));
}

#define NOTE_MAPPED "muse-ai-mapped"
#define NOTE_PLAIN "muse-ai-plain" /* on a request that is not to be mapped */

static int has_suffix(const char *name)
{
    const size_t len = strlen(name);

    return len > 3 && !strcasecmp(name + len - 3, ".ai");
}

int muse_page_map(request_rec *r)
{
    const char *name = r->filename;
    const char *page;
    apr_finfo_t info;
    size_t len;

    if (!name || r->proxyreq || name[0] != '/' || (len = strlen(name)) < 2 ||
        name[len - 1] == '/' || has_suffix(name) || apr_table_get(r->notes, NOTE_PLAIN)) {
        return DECLINED;
    }
    /* The walk would ask for this too, and takes what it finds here. */
    if (r->finfo.filetype == APR_NOFILE) {
        const apr_status_t rv = apr_stat(&r->finfo, name, APR_FINFO_MIN, r->pool);

        if (rv != APR_SUCCESS) {
            memset(&r->finfo, 0, sizeof r->finfo);
        }
        if (!APR_STATUS_IS_ENOENT(rv)) {
            return DECLINED;
        }
        page = apr_pstrcat(r->pool, name, ".ai", NULL);
        if (apr_stat(&info, page, APR_FINFO_MIN, r->pool) == APR_SUCCESS &&
            info.filetype == APR_REG) {
            r->filename = (char *)(uintptr_t)page;
            r->finfo = info;
            apr_table_setn(r->notes, NOTE_MAPPED, "1");
        }
    }
    return DECLINED;
}

/* httpd's own steps between the translation of the name and this hook, once more. */
int muse_page_unmap(request_rec *r)
{
    int status;

    if (!apr_table_get(r->notes, NOTE_MAPPED) || muse_or(muse_config_dir(r)->enable, 0)) {
        return DECLINED;
    }
    apr_table_unset(r->notes, NOTE_MAPPED);
    apr_table_setn(r->notes, NOTE_PLAIN, "1");
    r->filename = apr_pstrmemdup(r->pool, r->filename, strlen(r->filename) - strlen(".ai"));
    memset(&r->finfo, 0, sizeof r->finfo);
    r->canonical_filename = r->filename;
    r->path_info = NULL;
    r->per_dir_config = r->server->lookup_defaults;
    status = ap_run_map_to_storage(r);
    if (status == OK) {
        status = ap_location_walk(r);
    }
    return status == OK ? ap_if_walk(r) : status;
}

int muse_page_is_illustrator(request_rec *r)
{
    char start[5] = "";
    apr_size_t n = sizeof start;
    apr_file_t *file;

    if (apr_file_open(&file, r->filename, APR_FOPEN_READ | APR_FOPEN_BINARY, APR_FPROT_OS_DEFAULT,
                      r->pool) != APR_SUCCESS) {
        return 0;
    }
    if (apr_file_read_full(file, start, n, &n) != APR_SUCCESS) {
        n = 0;
    }
    apr_file_close(file);
    return n == sizeof start && (!memcmp(start, "%PDF-", 5) || !memcmp(start, "%!PS", 4));
}

/* Whether some other module was told to answer this file. */
static int is_taken(const request_rec *r)
{
    return r->handler && strcmp(r->handler, "default-handler") != 0;
}

int muse_page_fixup(request_rec *r)
{
    const muse_dir_config *config = muse_config_dir(r);

    if (!r->filename || !has_suffix(r->filename) || r->finfo.filetype != APR_REG || r->proxyreq ||
        is_taken(r)) {
        return DECLINED;
    }
    if (muse_or(config->enable, 0)) {
        r->handler = MUSE_HANDLER;
        return DECLINED;
    }
    if (!muse_or(config->protect_source, 1) || muse_page_is_illustrator(r)) {
        return DECLINED;
    }
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                  "MUSE0030: %s is the source of a page, and pages are not enabled here: refused; "
                  "say MuseAiEnable On for its folder, or MuseAiProtectSource Off to send it as "
                  "it is",
                  r->filename);
    return HTTP_FORBIDDEN;
}
