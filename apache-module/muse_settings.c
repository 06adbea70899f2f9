#include <httpd.h>
#include <http_core.h>
#include <http_log.h>
#include <apr_strings.h>

#include "muse_backends.h"
#include "muse_config.h"
#include "muse_confine.h"
#include "muse_json.h"
#include "muse_settings.h"

extern char **environ;

APLOG_USE_MODULE(muse_ai);

static const char *level_name(int level)
{
    return level <= APLOG_ERR       ? "error"
           : level == APLOG_WARNING ? "warn"
           : level == APLOG_NOTICE  ? "notice"
           : level == APLOG_INFO    ? "info"
           : level == APLOG_DEBUG   ? "debug"
                                    : "trace";
}

const char *muse_settings_json(apr_pool_t *p, server_rec *main_server, int index)
{
    const muse_global_config *global = muse_config_global();
    const char *passed = "";
    int i;

    for (i = 0; i < global->passed->nelts; i++) {
        const char *name = APR_ARRAY_IDX(global->passed, i, const char *);

        if (getenv(name)) {
            passed = apr_pstrcat(p, passed, *passed ? "," : "", muse_json_text(p, name), NULL);
        }
    }
    return apr_psprintf(
        p,
        "{\"version\":3,\"engine\":%d,\"engines\":%d,\"models\":%s,"
        "\"models_where\":%s,%s,\"passed\":[%s],"
        "\"pool\":{\"idle\":%s,\"keep_alive\":%s},\"dumpable\":%s,\"log_level\":\"%s\"}\n",
        index, global->engines, muse_json_text(p, global->models),
        muse_json_text(p, global->models_where), muse_backends_json(p, main_server), passed,
        muse_json_number(p, global->pool_idle), muse_json_flag(global->pool_keep_alive),
        muse_json_flag(muse_confine_is_dumpable()),
        level_name(ap_get_server_module_loglevel(main_server, APLOG_MODULE_INDEX)));
}

static int wanted(const char *name, size_t len, const apr_array_header_t *passed)
{
    static const char *const always[] = {
        "PATH",         "LANG",          "LC_ALL",
        "TZ",           "HTTP_PROXY",    "HTTPS_PROXY",
        "NO_PROXY",     "ALL_PROXY",     "http_proxy",
        "https_proxy",  "no_proxy",      "all_proxy",
        "SSL_CERT_DIR", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS",
    };
    size_t i;
    int j;

    if (len > 8 && !strncmp(name, "MUSE_AI_", 8)) {
        return 1;
    }
    for (i = 0; i < sizeof always / sizeof *always; i++) {
        if (strlen(always[i]) == len && !strncmp(always[i], name, len)) {
            return 1;
        }
    }
    for (j = 0; j < passed->nelts; j++) {
        const char *other = APR_ARRAY_IDX(passed, j, const char *);

        if (strlen(other) == len && !strncmp(other, name, len)) {
            return 1;
        }
    }
    return 0;
}

const char *const *muse_settings_environment(apr_pool_t *p)
{
    apr_array_header_t *list = apr_array_make(p, 16, sizeof(const char *));
    char **e;

    for (e = environ; *e; e++) {
        const char *equals = strchr(*e, '=');

        if (equals && wanted(*e, (size_t)(equals - *e), muse_config_global()->passed)) {
            APR_ARRAY_PUSH(list, const char *) = apr_pstrdup(p, *e);
        }
    }
    APR_ARRAY_PUSH(list, const char *) = NULL;
    return (const char *const *)(const void *)list->elts;
}
