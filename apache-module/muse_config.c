/* Settings: created unset, merged one by one, read through their defaults. */
#include <httpd.h>
#include <http_core.h>
#include <apr_strings.h>

#include "muse_budgets.h"
#include "muse_config.h"
#include "muse_engines.h"
#include "muse_no_effect.h"

#ifndef MUSE_NODE_DEFAULT
#define MUSE_NODE_DEFAULT "/usr/local/lib/mod_muse_ai/node"
#endif
#ifndef MUSE_ENGINE_DEFAULT
#define MUSE_ENGINE_DEFAULT "/usr/local/lib/mod_muse_ai/engine.js"
#endif

/* The parent's, made anew for each reading of the configuration; children inherit it by fork. */
static muse_global_config *global;

int muse_config_pre(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp)
{
    (void)plog;
    (void)ptemp;
    global = apr_pcalloc(pconf, sizeof *global);
    global->shared_memory = 64 * 1024 * 1024;
    global->engines = 1;
    global->node = MUSE_NODE_DEFAULT;
    global->engine = MUSE_ENGINE_DEFAULT;
    global->passed = apr_array_make(pconf, 4, sizeof(const char *));
    global->pool_idle = global->pool_keep_alive = MUSE_UNSET;
    global->no_effect = apr_array_make(pconf, 4, sizeof(muse_no_effect));
    return OK;
}

const muse_global_config *muse_config_global(void)
{
    return global;
}

const muse_dir_config *muse_config_dir(const request_rec *r)
{
    return ap_get_module_config(r->per_dir_config, &muse_ai_module);
}

muse_server_config *muse_config_server(const server_rec *s)
{
    return ap_get_module_config(s->module_config, &muse_ai_module);
}

void *muse_config_create_dir(apr_pool_t *p, char *dir)
{
    muse_dir_config *c = apr_pcalloc(p, sizeof *c);

    (void)dir;
    c->enable = c->protect_source = c->timeout = c->max_tokens = MUSE_UNSET;
    c->max_page_size = c->max_input = c->abandoned = MUSE_UNSET;
    c->prompts_minify = c->cache_enable = c->cache_ttl = c->cache_bypass = MUSE_UNSET;
    c->scripts = MUSE_UNSET;
    c->cache_stale = c->cache_stale_on_error = MUSE_UNSET;
    c->max_request_size = c->prompt = MUSE_UNSET;
    c->limit_enable = c->limit_rpm = c->limit_burst = c->limit_status = MUSE_UNSET;
    c->streaming = MUSE_UNSET;
    return c;
}

#define MERGE_NUMBER(field) c->field = add->field != MUSE_UNSET ? add->field : base->field
#define MERGE_POINTER(field) c->field = add->field ? add->field : base->field

void *muse_config_merge_dir(apr_pool_t *p, void *base_config, void *add_config)
{
    const muse_dir_config *base = base_config;
    const muse_dir_config *add = add_config;
    muse_dir_config *c = apr_palloc(p, sizeof *c);

    MERGE_NUMBER(enable);
    MERGE_NUMBER(protect_source);
    MERGE_POINTER(model);
    MERGE_POINTER(model_header);
    MERGE_NUMBER(timeout);
    MERGE_NUMBER(max_tokens);
    MERGE_NUMBER(max_page_size);
    MERGE_NUMBER(max_input);
    MERGE_NUMBER(abandoned);
    MERGE_POINTER(csp);
    MERGE_NUMBER(scripts);
    MERGE_POINTER(prompts_dir);
    MERGE_NUMBER(prompts_minify);
    MERGE_NUMBER(cache_enable);
    MERGE_NUMBER(cache_ttl);
    MERGE_NUMBER(cache_stale);
    MERGE_NUMBER(cache_stale_on_error);
    MERGE_NUMBER(cache_bypass);
    MERGE_POINTER(env);
    MERGE_NUMBER(limit_enable);
    MERGE_NUMBER(limit_rpm);
    MERGE_NUMBER(limit_burst);
    MERGE_NUMBER(limit_status);
    MERGE_POINTER(limit_zone);
    MERGE_POINTER(limit_free);
    MERGE_NUMBER(streaming);
    MERGE_POINTER(origins);
    MERGE_POINTER(languages);
    MERGE_POINTER(default_language);
    MERGE_POINTER(client_keys);
    MERGE_NUMBER(max_request_size);
    MERGE_NUMBER(prompt);
    c->budgets = muse_budgets_merge(p, add->budgets_off ? NULL : base->budgets, add->budgets);
    c->budgets_off = base->budgets_off || add->budgets_off;
    return c;
}

void *muse_config_create_server(apr_pool_t *p, server_rec *s)
{
    muse_server_config *c = apr_pcalloc(p, sizeof *c);

    (void)s;
    muse_backend_init(&c->calls);
    c->debug = c->metrics = MUSE_UNSET;
    return c;
}

void *muse_config_merge_server(apr_pool_t *p, void *base_config, void *add_config)
{
    const muse_server_config *base = base_config;
    const muse_server_config *add = add_config;
    muse_server_config *c = apr_pcalloc(p, sizeof *c);

    muse_backend_merge(&c->calls, &base->calls, &add->calls);
    MERGE_NUMBER(debug);
    MERGE_NUMBER(metrics);
    MERGE_POINTER(metrics_path);
    return c;
}

int muse_config_limited(const muse_dir_config *c)
{
    return c->limit_enable != MUSE_UNSET ? c->limit_enable : c->limit_rpm != MUSE_UNSET;
}

int muse_config_burst(const muse_dir_config *c)
{
    return muse_or(c->limit_burst, muse_or(c->limit_rpm, MUSE_DEFAULT_RPM));
}
