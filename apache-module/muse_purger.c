/*
 * POST ?all          all pages
 * POST ?path=/page   the page that a visitor gets there, in all its variants and translations; also
 *                    /es/page, which is the same page in one of its languages
 * POST ?file=/a.ai   the page made of that file, by its name as httpd has it; the same
 *
 * The answer is {"purged":N} in JSON, or a sentence in plain text that says why not. Who may ask is
 * for the administrator to say (Require); a browser never may: it could be sent here by any page.
 */
#include <string.h>

#include <httpd.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>
#include <apr_sha1.h>
#include <apr_strings.h>

#include "muse_config.h"
#include "muse_prefix.h"
#include "muse_process.h"
#include "muse_purge.h"
#include "muse_purger.h"
#include "muse_translation.h"

APLOG_USE_MODULE(muse_ai);

#define HANDLER "muse-ai-purge"
/* What a page's tag is made of, with the file's name behind it; src/caching/purges.ts has it too.
 */
#define TAG "mod_muse_ai: page "

static int answer(request_rec *r, int status, const char *type, const char *text)
{
    r->status = status;
    ap_set_content_type(r, type);
    apr_table_setn(r->headers_out, "Cache-Control", "no-store");
    ap_set_content_length(r, (apr_off_t)strlen(text));
    (void)ap_rputs(text, r);
    return OK;
}

static int refuse(request_rec *r, int status, const char *why)
{
    return answer(r, status, "text/plain; charset=utf-8", why);
}

/* The file of the page that was looked up; NULL: it is none. */
static const char *file_of(const request_rec *page)
{
    const size_t length = page && page->filename ? strlen(page->filename) : 0;

    return length > 3 && !strcasecmp(page->filename + length - 3, ".ai")
               ? muse_translation_original(page)
               : NULL;
}

/* The file behind a URL's path, by the way that a visitor's request goes; NULL: it is no page. */
static const char *find_file(request_rec *r, const char *path)
{
    const char *file = path[0] == '/' ? file_of(ap_sub_req_lookup_uri(path, r, NULL)) : NULL;

    return file ? file : file_of(muse_prefix_lookup(r, path));
}

static void make_tag(const char *file, muse_key *tag)
{
    apr_sha1_ctx_t sha1;

    apr_sha1_init(&sha1);
    apr_sha1_update(&sha1, TAG, (unsigned)strlen(TAG));
    apr_sha1_update(&sha1, file, (unsigned)strlen(file));
    apr_sha1_final(tag->bytes, &sha1);
}

static int report(request_rec *r, muse_status status, const char *what, uint64_t purged)
{
    if (status != MUSE_OK) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r,
                      "MUSE0086: %s: not all could be purged, since a process that was stopped "
                      "holds a part of the cache; purge again when it moves or has ended",
                      what);
        return refuse(r, HTTP_SERVICE_UNAVAILABLE,
                      "A part of the cache can't be reached now. Purge again in a moment.\n");
    }
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "MUSE0085: %s: %" APR_UINT64_T_FMT " purged", what,
                  (apr_uint64_t)purged);
    return answer(
        r, HTTP_OK, "application/json",
        apr_psprintf(r->pool, "{\"purged\":%" APR_UINT64_T_FMT "}\n", (apr_uint64_t)purged));
}

static int purge_file(request_rec *r, const char *file)
{
    const apr_array_header_t *files = muse_translation_files(r->pool, file);
    muse_status status = MUSE_OK;
    uint64_t sum = 0;
    int i;

    for (i = 0; i < files->nelts && status == MUSE_OK; i++) {
        uint64_t purged = 0;
        muse_key tag;

        make_tag(APR_ARRAY_IDX(files, i, const char *), &tag);
        status = muse_purge_page(muse_process_region(), &tag, muse_clock_ms(), &purged);
        sum += purged;
    }
    return report(r, status, file, sum);
}

static int purge_all(request_rec *r)
{
    uint64_t purged;
    const muse_status status = muse_purge_all(muse_process_region(), &purged);

    return report(r, status, "all pages", purged);
}

/* What stands behind name= in the query, decoded. */
static char *value_of(request_rec *r, const char *name)
{
    const size_t length = strlen(name);
    char *value;

    if (!r->args || strncmp(r->args, name, length) != 0 || r->args[length] != '=') {
        return NULL;
    }
    value = apr_pstrdup(r->pool, r->args + length + 1);
    return ap_unescape_urlencoded(value) == OK && *value ? value : NULL;
}

static int purge(request_rec *r)
{
    const char *path = value_of(r, "path");
    const char *file = value_of(r, "file");

    if (r->args && !strcmp(r->args, "all")) {
        return purge_all(r);
    }
    if (file) {
        return purge_file(r, file);
    }
    if (!path) {
        return refuse(r, HTTP_BAD_REQUEST,
                      "Say what to purge: ?all, or ?path=/page, or ?file=/folder/page.ai\n");
    }
    file = find_file(r, path);
    return file ? purge_file(r, file)
                : refuse(r, HTTP_NOT_FOUND, "There is no page at this path.\n");
}

int muse_purger_run(request_rec *r)
{
    int status;

    if (!r->handler || strcmp(r->handler, HANDLER) != 0) {
        return DECLINED;
    }
    if (r->method_number != M_POST) {
        ap_allow_methods(r, REPLACE_ALLOW, "POST", NULL);
        return HTTP_METHOD_NOT_ALLOWED;
    }
    status = ap_discard_request_body(r);
    if (status != OK) {
        return status;
    }
    if (apr_table_get(r->headers_in, "Origin")) {
        return refuse(r, HTTP_FORBIDDEN,
                      "Browsers may not purge; use the command muse, or curl.\n");
    }
    return muse_process_region() ? purge(r) : HTTP_SERVICE_UNAVAILABLE; /* said at the start */
}
