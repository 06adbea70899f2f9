/*
 * What the configuration says: directives, their defaults and how they are inherited.
 *
 * Three scopes. Per directory: may differ for each <Directory>, <Location>, <Files> and .htaccess.
 * Per server: may differ for each <VirtualHost>. Global: once for the whole httpd, because there
 * is one region and one set of engines.
 */
#ifndef MUSE_CONFIG_H
#define MUSE_CONFIG_H

#include <httpd.h>
#include <http_config.h>
#include <apr_tables.h>

#include "muse_backend.h"
#include "muse_language_match.h"

/* The one symbol that httpd looks up. */
extern module AP_MODULE_DECLARE_DATA muse_ai_module __attribute__((visibility("default")));

/* A number that no directive has set. Strings and arrays are NULL then. */
#define MUSE_UNSET (-1)

typedef enum { MUSE_ABANDONED_CANCEL = 0, MUSE_ABANDONED_FINISH } muse_abandoned;
typedef enum { MUSE_BYPASS_OFF = 0, MUSE_BYPASS_LOCAL, MUSE_BYPASS_ON } muse_bypass;

/* Written while the configuration is read, by the merge of a request afterwards; then constant. */
typedef struct {
    int enable;
    int protect_source;
    const char *model;
    const char *model_header; /* "" for Off */
    int timeout;              /* seconds */
    int max_tokens;
    int max_page_size; /* bytes */
    int max_input;     /* bytes */
    int abandoned;
    const char *csp;         /* the policy as written; "" for Off */
    int scripts;             /* whether generated pages may have any */
    const char *prompts_dir; /* absolute */
    int prompts_minify;
    int cache_enable;
    int cache_ttl;            /* seconds */
    int cache_stale;          /* seconds */
    int cache_stale_on_error; /* seconds */
    int cache_bypass;
    apr_array_header_t *env; /* const char *: names of variables a template may use */
    int limit_enable;
    int limit_rpm;
    int limit_burst;
    int limit_status;
    const char *limit_zone;  /* "file:line" where the limit was set: each place counts for itself */
    const char *client_keys; /* absolute path, "" for Off */
    int max_request_size;    /* bytes */
    int prompt;              /* whether a visitor may send the prompt */
    apr_array_header_t *limit_free; /* apr_ipsubnet_t *: clients that are not counted */
    int streaming;
    apr_array_header_t *budgets;     /* const muse_budget_rule *: the outermost first */
    int budgets_off;                 /* whether those of outer sections end here */
    apr_array_header_t *origins;     /* const char *: whose scripts may read the answers, or "*" */
    const muse_languages *languages; /* none in it for Off */
    const char *default_language;    /* a tag, or NULL: the first of them */
} muse_dir_config;

typedef struct {
    muse_backend calls;
    const char *backend; /* what engines know calls by, known after post_config */
    const char *shape;   /* what of it shapes an answer, known after post_config */
    int debug;
    int metrics;              /* whether the handlers of metrics answer */
    const char *metrics_path; /* the URL's path at which they do without a SetHandler, or NULL */
} muse_server_config;

typedef struct {
    const char *models;       /* absolute path, or NULL */
    const char *models_where; /* "file:line" of the directive, or NULL */
    apr_off_t shared_memory;  /* bytes of the page store */
    int engines;
    const char *node;
    const char *node_where;
    const char *engine;
    const char *engine_where;
    apr_array_header_t *passed; /* const char *: names given to PassEnv */
    int pool_idle;              /* seconds for which a connection to a provider is kept */
    int pool_keep_alive;
    const char *state_dir;         /* absolute path, or NULL */
    int languages;                 /* whether any section has languages */
    apr_array_header_t *no_effect; /* muse_no_effect: directives that stand there in vain */
} muse_global_config;

extern const command_rec muse_directives[];

void *muse_config_create_dir(apr_pool_t *p, char *dir);
void *muse_config_merge_dir(apr_pool_t *p, void *base, void *add);
void *muse_config_create_server(apr_pool_t *p, server_rec *s);
void *muse_config_merge_server(apr_pool_t *p, void *base, void *add);

/* Parent, before each reading of the configuration: the global settings return to defaults. */
int muse_config_pre(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp);

const muse_global_config *muse_config_global(void);
const muse_dir_config *muse_config_dir(const request_rec *r);
muse_server_config *muse_config_server(const server_rec *s);

/* The value in force: what was set, else the default. */
int muse_config_limited(const muse_dir_config *c); /* whether the rate limit applies */
int muse_config_burst(const muse_dir_config *c);
static inline int muse_or(int value, int fallback)
{
    return value == MUSE_UNSET ? fallback : value;
}

#define MUSE_DEFAULT_MODEL_HEADER "X-Muse-Model"
#define MUSE_DEFAULT_TIMEOUT 300
#define MUSE_DEFAULT_STALE_ON_ERROR 86400
#define MUSE_DEFAULT_RPM 60
#define MUSE_DEFAULT_LIMIT_STATUS 429
#define MUSE_DEFAULT_MAX_REQUEST_SIZE (1024 * 1024)

#endif
