#include <string.h>

#include <httpd.h>
#include <http_config.h>
#include <http_core.h>
#include <http_request.h>
#include <apr_strings.h>

#include "muse_config.h"
#include "muse_language.h"
#include "muse_page.h"
#include "muse_prefix.h"

#define NOTE_PROBE "muse-language-probe"         /* on whose behalf a sub-request only looks */
#define NOTE_ELSEWHERE "muse-language-elsewhere" /* the path without the language */
#define NOTE_REWRITTEN "mod_rewrite_rewritten"   /* mod_rewrite's own */

typedef enum { NOWHERE, HERE, ELSEWHERE } place;

static int lists(const request_rec *r, const char *tag)
{
    const muse_languages *among = muse_config_dir(r)->languages;

    return among && muse_tag_named(among, tag, strlen(tag)) >= 0;
}

/* The handler that the configuration sets for all files here, as SetHandler does. */
static const char *set_handler(request_rec *r)
{
    const core_dir_config *core = ap_get_core_module_config(r->per_dir_config);
    const char *handler = core->handler;
    const char *error;

    if (core->expr_handler) {
        handler = ap_expr_str_exec(r, core->expr_handler, &error);
    }
    return handler && *handler && strcmp(handler, "none") != 0 ? handler : NULL;
}

/* Whether visitors send their prompts to this URL. */
static int is_prompted(request_rec *r)
{
    return muse_page_is_handler(set_handler(r)) && muse_or(muse_config_dir(r)->prompt, 0);
}

/* Whether the configuration says of this URL already who answers it. */
static int is_taken(request_rec *r)
{
    const char *handler;

    if (r->proxyreq || r->finfo.filetype != APR_NOFILE || is_prompted(r)) {
        return 1;
    }
    handler = set_handler(r);
    return handler && !muse_page_is_handler(handler);
}

/* Whether there is something of ours, or beside it, in this language. */
static int is_here(request_rec *r, const char *tag)
{
    return !r->proxyreq && (r->finfo.filetype != APR_NOFILE || is_prompted(r)) && lists(r, tag);
}

static const char *with_query(const request_rec *r, const char *path)
{
    const char *escaped = ap_os_escape_path(r->pool, path, 1);

    return r->args ? apr_pstrcat(r->pool, escaped, "?", r->args, NULL) : escaped;
}

/* Where a request for the path would end: httpd's own steps as far as to its directory. */
static place look_for(request_rec *r, const char *path, const char *tag)
{
    request_rec *probe;
    place found;

    apr_table_setn(r->notes, NOTE_PROBE, "1");
    probe = ap_sub_req_lookup_uri(with_query(r, path), r, NULL);
    apr_table_unset(r->notes, NOTE_PROBE);
    if (!is_taken(probe) && !ap_is_HTTP_REDIRECT(probe->status)) {
        found = NOWHERE;
    } else {
        found = is_here(probe, tag) ? HERE : ELSEWHERE;
    }
    ap_destroy_sub_req(probe);
    return found;
}

static int redirect(request_rec *r, int status, const char *path)
{
    apr_table_setn(r->headers_out, "Location", with_query(r, path));
    return status;
}

/* httpd's own steps from the name's translation up to here, for another path. */
static int go_on(request_rec *r, const char *path)
{
    int status;

    apr_table_setn(r->notes, MUSE_NOTE_SHORT, path);
    r->uri = (char *)(uintptr_t)path;
    r->filename = r->canonical_filename = r->path_info = NULL;
    r->handler = NULL;
    memset(&r->finfo, 0, sizeof r->finfo);
    r->per_dir_config = r->server->lookup_defaults;
    /* mod_rewrite, which has looked at the path with the language, looks at a request only once. */
    apr_table_unset(r->notes, NOTE_REWRITTEN);
    status = ap_location_walk(r);
    if (status == OK) {
        status = ap_if_walk(r);
    }
    if (status == OK) {
        status = ap_run_translate_name(r);
    }
    if (status == OK) {
        r->per_dir_config = r->server->lookup_defaults;
        status = ap_run_map_to_storage(r);
    }
    if (status == OK) {
        status = ap_location_walk(r);
    }
    return status == OK ? ap_if_walk(r) : status;
}

/* The path behind a tag: with one slash, since // would begin another host's name. */
static const char *path_behind(apr_pool_t *p, const char *rest)
{
    return apr_pstrcat(p, "/", rest + strspn(rest, "/"), NULL);
}

static int take(request_rec *r, const char *tag, const char *rest)
{
    const char *path = path_behind(r->pool, rest);
    const place found = look_for(r, path, tag);

    if (found == HERE && *rest == '\0') {
        return redirect(r, HTTP_MOVED_PERMANENTLY, apr_pstrcat(r->pool, "/", tag, "/", NULL));
    }
    if (found == HERE || lists(r, tag)) {
        apr_table_setn(r->notes, MUSE_NOTE_PREFIX, tag); /* also for an ErrorDocument */
    }
    if (found == ELSEWHERE && lists(r, tag)) {
        apr_table_setn(r->notes, NOTE_ELSEWHERE, path);
    }
    return found == HERE ? go_on(r, path) : DECLINED;
}

int muse_prefix_take(request_rec *r)
{
    char tag[MUSE_TAG_MOST + 1];
    size_t length;

    if (!muse_config_global()->languages && !muse_language_is_on(r)) {
        return DECLINED;
    }
    if (r->main) {
        return apr_table_get(r->main->notes, NOTE_PROBE) ? DONE : DECLINED;
    }
    if (r->uri[0] != '/' || is_taken(r)) {
        return DECLINED;
    }
    length = strcspn(r->uri + 1, "/");
    return muse_tag_read(r->uri + 1, length, tag)
               ? take(r, apr_pstrdup(r->pool, tag), r->uri + 1 + length)
               : DECLINED;
}

request_rec *muse_prefix_lookup(request_rec *r, const char *path)
{
    const size_t length = path[0] == '/' ? strcspn(path + 1, "/") : 0;
    char tag[MUSE_TAG_MOST + 1];
    request_rec *found;

    if (!muse_tag_read(path + 1, length, tag)) {
        return NULL;
    }
    found = ap_sub_req_lookup_uri(path_behind(r->pool, path + 1 + length), r, NULL);
    return lists(found, tag) ? found : NULL;
}

int muse_prefix_folder(request_rec *r)
{
    const char *path;
    const char *prefix;

    if (r->finfo.filetype != APR_DIR || r->main ||
        (r->handler && strcmp(r->handler, DIR_MAGIC_TYPE) != 0)) {
        return DECLINED;
    }
    path = apr_table_get(r->notes, MUSE_NOTE_SHORT);
    if (!path || path[strlen(path) - 1] == '/') {
        return DECLINED;
    }
    prefix = apr_table_get(r->notes, MUSE_NOTE_PREFIX);
    return redirect(r, HTTP_MOVED_PERMANENTLY, apr_pstrcat(r->pool, "/", prefix, path, "/", NULL));
}

int muse_prefix_elsewhere(request_rec *r)
{
    const char *path;

    if (r->finfo.filetype != APR_NOFILE || r->main || r->handler || r->proxyreq) {
        return DECLINED;
    }
    path = apr_table_get(r->notes, NOTE_ELSEWHERE);
    if (!path) {
        return DECLINED;
    }
    return redirect(r, r->method_number == M_GET ? HTTP_MOVED_TEMPORARILY : HTTP_TEMPORARY_REDIRECT,
                    path);
}
