#include <httpd.h>
#include <http_config.h>
#include <apr_strings.h>

#include "muse_budgets.h"
#include "muse_config.h"
#include "muse_key.h"
#include "muse_params.h"

static void add_number(apr_pool_t *p, apr_table_t *params, const char *name, int value)
{
    if (value != MUSE_UNSET) {
        apr_table_setn(params, name, apr_itoa(p, value));
    }
}

static void add_text(apr_table_t *params, const char *name, const char *value)
{
    if (value) {
        apr_table_setn(params, name, value);
    }
}

/* For how long a page is of any use beyond its freshness. */
static int longest_stale(const muse_dir_config *config)
{
    const int stale = muse_or(config->cache_stale, 0);
    const int on_error = muse_or(config->cache_stale_on_error, MUSE_DEFAULT_STALE_ON_ERROR);

    return stale > on_error ? stale : on_error;
}

/* What tells this state of the page's file from another, so that the engine need not look again. */
static void add_file(apr_pool_t *p, const request_rec *r, apr_table_t *params)
{
    const apr_int32_t wanted = APR_FINFO_CTIME | APR_FINFO_SIZE | APR_FINFO_INODE;

    add_text(params, "SCRIPT_FILENAME", r->filename);
    if (r->finfo.filetype == APR_REG && (r->finfo.valid & wanted) == wanted) {
        add_text(params, "MUSE_FILE_MARK",
                 apr_psprintf(p, "%" APR_TIME_T_FMT " %" APR_OFF_T_FMT " %" APR_UINT64_T_FMT,
                              r->finfo.ctime, r->finfo.size, (apr_uint64_t)r->finfo.inode));
    }
}

/* What a body is, once it was read: a filter that decompresses it takes the coding away. */
static void add_body(const muse_request *q, apr_table_t *params)
{
    add_text(params, "CONTENT_TYPE", apr_table_get(q->r->headers_in, "Content-Type"));
    add_text(params, "HTTP_CONTENT_ENCODING", apr_table_get(q->r->headers_in, "Content-Encoding"));
}

/* What programs say of how they want the answer. Headers that are not there are left out. */
static void add_programs(const muse_request *q, apr_table_t *params)
{
    const apr_table_t *headers = q->r->headers_in;
    const char *prefer = apr_table_get(headers, "Prefer");

    if (q->events) {
        add_text(params, "HTTP_ACCEPT", apr_table_get(headers, "Accept"));
        add_text(params, "HTTP_LAST_EVENT_ID", apr_table_get(headers, "Last-Event-ID"));
    }
    if (prefer && q->program && (q->job || ap_strcasestr(prefer, "respond-async"))) {
        add_text(params, "HTTP_PREFER", prefer);
    }
    add_text(params, "MUSE_JOB", q->job);
}

static void add_languages(const muse_language *language, apr_table_t *params)
{
    if (language->among) {
        add_text(params, "MUSE_LANG", language->tag);
        add_text(params, "MUSE_LANGUAGES", language->among->joined);
    }
}

/* All that an engine has to know for a page of its own. */
static apr_table_t *make_admin(apr_pool_t *p, const muse_request *q)
{
    apr_table_t *params = apr_table_make(p, 4);

    add_text(params, "MUSE_ADMIN", "status");
    add_text(params, "REQUEST_METHOD", q->r->method);
    add_text(params, "HTTP_ACCEPT", apr_table_get(q->r->headers_in, "Accept"));
    add_number(p, params, "MUSE_TIMEOUT", muse_or(q->config->timeout, MUSE_DEFAULT_TIMEOUT));
    return params;
}

/* What only a program's request has. */
static void add_door(const muse_request *q, apr_table_t *params)
{
    if (q->door) {
        add_text(params, "MUSE_DOOR", "1");
        add_text(params, "HTTP_CACHE_CONTROL", apr_table_get(q->r->headers_in, "Cache-Control"));
    }
}

apr_table_t *muse_params_make(apr_pool_t *p, const muse_request *q)
{
    request_rec *r = q->r;
    const muse_dir_config *config = q->config;
    apr_table_t *params = apr_table_make(p, 24);
    int i;

    if (q->admin) {
        return make_admin(p, q);
    }
    add_text(params, "REQUEST_METHOD", q->refresh ? "GET" : r->method);
    add_text(params, "REQUEST_URI", r->unparsed_uri);
    add_text(params, "DOCUMENT_URI", q->language.among ? q->language.path : r->uri);
    add_text(params, "QUERY_STRING", q->query ? q->query : "");
    add_file(p, r, params);
    add_text(params, "SERVER_NAME", r->server->server_hostname);
    add_number(p, params, "SERVER_PORT", r->server->port);
    add_text(params, "REQUEST_ID", r->log_id);
    add_text(params, "HTTP_TRACEPARENT", apr_table_get(r->headers_in, "traceparent"));
    if (q->cached && q->get && !q->door) {
        add_text(params, "MUSE_PAGE_KEY", muse_key_hex(p, &q->page_key));
    }
    add_text(params, "MUSE_MODEL", q->choice.forced);
    add_text(params, "MUSE_MODEL_DEFAULT", q->choice.fallback);
    add_text(params, "MUSE_BACKEND", muse_config_server(r->server)->backend);
    add_text(params, "MUSE_CACHE", !q->cached ? "off" : q->bypass ? "bypass" : "on");
    add_number(p, params, "MUSE_CACHE_TTL", config->cache_ttl);
    add_number(p, params, "MUSE_CACHE_STALE", longest_stale(config));
    add_text(params, "MUSE_STALE", q->stale ? "1" : NULL);
    add_text(params, "MUSE_REFRESH", q->refresh ? "1" : NULL);
    add_text(params, "MUSE_SCRIPTS", muse_or(config->scripts, 0) ? "1" : NULL);
    add_languages(&q->language, params);
    add_text(params, "MUSE_PROMPT", q->prompted ? "1" : NULL);
    add_text(params, "MUSE_PROMPTS_DIR", config->prompts_dir);
    add_text(params, "MUSE_PROMPTS_MINIFY", muse_or(config->prompts_minify, 0) ? "1" : NULL);
    add_number(p, params, "MUSE_MAX_TOKENS", config->max_tokens);
    add_text(params, "MUSE_BUDGETS", muse_budgets_text(p, config->budgets));
    add_number(p, params, "MUSE_MAX_PAGE_SIZE", config->max_page_size);
    add_number(p, params, "MUSE_MAX_INPUT", config->max_input);
    if (muse_or(config->abandoned, MUSE_ABANDONED_CANCEL) == MUSE_ABANDONED_FINISH) {
        add_text(params, "MUSE_ABANDONED", "finish");
    }
    add_text(params, "MUSE_STREAMING", muse_or(config->streaming, 1) ? NULL : "off");
    add_number(p, params, "MUSE_TIMEOUT", muse_or(config->timeout, MUSE_DEFAULT_TIMEOUT));
    add_programs(q, params);
    if (!q->get) {
        add_body(q, params);
    }
    add_door(q, params);
    for (i = 0; config->env && i < config->env->nelts; i++) {
        const char *name = APR_ARRAY_IDX(config->env, i, const char *);

        add_text(params, apr_pstrcat(p, "MUSE_ENV_", name, NULL),
                 apr_table_get(r->subprocess_env, name));
    }
    return params;
}
