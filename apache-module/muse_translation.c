#include <string.h>
#include <strings.h>

#include <httpd.h>
#include <http_config.h>
#include <http_log.h>
#include <http_request.h>
#include <apr_file_info.h>
#include <apr_strings.h>

#include "muse_config.h"
#include "muse_log.h"
#include "muse_page.h"
#include "muse_process.h"
#include "muse_translation.h"

APLOG_USE_MODULE(muse_ai);

#define SUFFIX ".ai"

static const char *base_of(const char *file)
{
    const char *slash = strrchr(file, '/');

    return slash ? slash + 1 : file;
}

/* Where ".es" of page.es.ai begins, and how long "es" is; NULL: the name has no such part. */
static const char *language_part(const char *file, size_t *length)
{
    const char *base = base_of(file);
    const size_t n = strlen(base);
    const char *end = base + n - strlen(SUFFIX);
    const char *dot = end - 1;

    if (n <= strlen(SUFFIX) || strcasecmp(end, SUFFIX) != 0) {
        return NULL;
    }
    while (dot > base && *dot != '.') {
        dot--;
    }
    *length = (size_t)(end - dot) - 1;
    return dot > base ? dot : NULL;
}

int muse_translation_of(const muse_languages *among, const char *file)
{
    size_t length;
    const char *dot = file ? language_part(file, &length) : NULL;

    return dot ? muse_tag_named(among, dot + 1, length) : -1;
}

const char *muse_translation_original(const request_rec *r)
{
    const int is_translation = apr_table_get(r->notes, MUSE_NOTE_TRANSLATED) != NULL;
    size_t length;
    const char *dot = is_translation ? language_part(r->filename, &length) : NULL;

    return dot ? apr_pstrcat(r->pool,
                             apr_pstrmemdup(r->pool, r->filename, (apr_size_t)(dot - r->filename)),
                             SUFFIX, NULL)
               : r->filename;
}

static const char *name_in(apr_pool_t *p, const char *original, const char *tag, size_t length)
{
    const size_t stem = strlen(original) - strlen(SUFFIX);

    return apr_pstrcat(p, apr_pstrmemdup(p, original, stem), ".", apr_pstrmemdup(p, tag, length),
                       SUFFIX, NULL);
}

static int is_file(apr_pool_t *p, const char *name)
{
    apr_finfo_t info;

    return apr_stat(&info, name, APR_FINFO_TYPE, p) == APR_SUCCESS && info.filetype == APR_REG;
}

/* The file in this language, by its whole tag or by the bare language; NULL: there is none. */
static const char *find_file(apr_pool_t *p, const char *original, const char *tag)
{
    const size_t bare = strcspn(tag, "-");
    const char *name = name_in(p, original, tag, strlen(tag));

    if (is_file(p, name)) {
        return name;
    }
    if (tag[bare] == '\0') {
        return NULL;
    }
    name = name_in(p, original, tag, bare);
    return is_file(p, name) ? name : NULL;
}

int muse_translation_is_there(const request_rec *r, const char *tag)
{
    return find_file(r->pool, muse_translation_original(r), tag) != NULL;
}

static void say_taken(request_rec *r, const char *file, const char *handler)
{
    if (muse_process_region() &&
        muse_log_is_news(muse_process_region(), "taken translation", file)) {
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r,
                      "MUSE0088: %s is no translation, since it has the handler %s: by its suffix, "
                      "if a language and a kind of file have the same; take that handler off with "
                      "SetHandler muse-ai-handler in <Files>",
                      file, handler ? handler : "of plain files");
    }
}

/* As mod_negotiation does it; what visitors call the page stays as it is. */
static void become(request_rec *r, request_rec *file)
{
    char *uri = r->uri;
    char *args = r->args;

    apr_table_setn(r->notes, MUSE_NOTE_TRANSLATED, "1");
    ap_internal_fast_redirect(file, r);
    r->uri = uri;
    r->args = args;
}

int muse_translation_take(request_rec *r, const muse_language *language)
{
    const char *name;
    request_rec *file;
    int status;

    if (r->finfo.filetype != APR_REG || language->source == MUSE_LANGUAGE_OF_FILE ||
        language->translated || !(name = find_file(r->pool, r->filename, language->tag))) {
        return DECLINED;
    }
    file = ap_sub_req_lookup_file(base_of(name), r, r->output_filters);
    status = file->status;
    if (status != HTTP_OK) {
        r->err_headers_out = apr_table_overlay(r->pool, file->err_headers_out, r->err_headers_out);
        return status;
    }
    if (!file->handler || strcmp(file->handler, r->handler) != 0) {
        say_taken(r, name, file->handler);
        ap_destroy_sub_req(file);
        return DECLINED;
    }
    become(r, file);
    return OK;
}

apr_array_header_t *muse_translation_files(apr_pool_t *p, const char *file)
{
    apr_array_header_t *files = apr_array_make(p, 4, sizeof(const char *));
    const char *base = base_of(file);
    const size_t n = strlen(base);
    const size_t stem = n > strlen(SUFFIX) ? n - strlen(SUFFIX) : 0;
    const char *folder = apr_pstrmemdup(p, file, (apr_size_t)(base - file));
    char tag[MUSE_TAG_MOST + 1];
    apr_finfo_t info;
    apr_dir_t *dir;

    APR_ARRAY_PUSH(files, const char *) = file;
    if (!stem || apr_dir_open(&dir, *folder ? folder : ".", p) != APR_SUCCESS) {
        return files;
    }
    while (apr_dir_read(&info, APR_FINFO_NAME, dir) == APR_SUCCESS) {
        size_t length;
        const char *dot = language_part(info.name, &length);

        if (dot && (size_t)(dot - info.name) == stem && !strncmp(info.name, base, stem) &&
            muse_tag_read(dot + 1, length, tag)) {
            APR_ARRAY_PUSH(files, const char *) = apr_pstrcat(p, folder, info.name, NULL);
        }
    }
    apr_dir_close(dir);
    return files;
}
