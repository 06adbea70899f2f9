#include <httpd.h>
#include <http_core.h>
#include <http_log.h>
#include <apr_strings.h>

#include "muse_config.h"
#include "muse_settings.h"

extern char **environ;

APLOG_USE_MODULE(muse_ai);

static int same(const char *a, const char *b)
{
    return a == b || (a && b && !strcmp(a, b));
}

void muse_settings_number_backends(apr_pool_t *p, server_rec *main_server)
{
    apr_array_header_t *seen = apr_array_make(p, 4, sizeof(const muse_server_config *));
    server_rec *s;

    for (s = main_server; s; s = s->next) {
        muse_server_config *c = muse_config_server(s);
        int i;

        for (i = 0; i < seen->nelts; i++) {
            const muse_server_config *known = APR_ARRAY_IDX(seen, i, const muse_server_config *);

            if (same(known->endpoint, c->endpoint) && same(known->api_key, c->api_key)) {
                break;
            }
        }
        if (i == seen->nelts) {
            APR_ARRAY_PUSH(seen, const muse_server_config *) = c;
        }
        c->backend = i;
    }
}

/* A JSON string of bytes that are UTF-8, or null. */
static const char *quoted(apr_pool_t *p, const char *text)
{
    char *out;
    char *o;

    if (!text) {
        return "null";
    }
    out = o = apr_palloc(p, strlen(text) * 6 + 3);
    *o++ = '"';
    for (; *text; text++) {
        const unsigned char c = (unsigned char)*text;

        if (c == '"' || c == '\\') {
            *o++ = '\\';
            *o++ = (char)c;
        } else if (c < 0x20 || c == 0x7f) {
            o += apr_snprintf(o, 7, "\\u%04x", c);
        } else {
            *o++ = (char)c;
        }
    }
    *o++ = '"';
    *o = '\0';
    return out;
}

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
    const char *backends = "";
    const char *passed = "";
    int next = 0;
    int i;
    server_rec *s;

    for (s = main_server; s; s = s->next) {
        const muse_server_config *c = muse_config_server(s);

        if (c->backend == next) {
            const char *name =
                apr_psprintf(p, "%s:%u", s->server_hostname ? s->server_hostname : "main", s->port);

            backends = apr_pstrcat(p, backends, next ? "," : "", "{\"server\":", quoted(p, name),
                                   ",\"endpoint\":", quoted(p, c->endpoint),
                                   ",\"api_key\":", quoted(p, c->api_key), "}", NULL);
            next++;
        }
    }
    for (i = 0; i < global->passed->nelts; i++) {
        const char *name = APR_ARRAY_IDX(global->passed, i, const char *);

        if (getenv(name)) {
            passed = apr_pstrcat(p, passed, *passed ? "," : "", quoted(p, name), NULL);
        }
    }
    return apr_psprintf(p,
                        "{\"version\":1,\"engine\":%d,\"engines\":%d,\"models\":%s,"
                        "\"models_where\":%s,\"backends\":[%s],\"passed\":[%s],"
                        "\"log_level\":\"%s\"}\n",
                        index, global->engines, quoted(p, global->models),
                        quoted(p, global->models_where), backends, passed,
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
