#include <httpd.h>
#include <apr_strings.h>

#include "muse_trust.h"

/*
 * No script, plugin, frame or worker; nothing from another host, which would tell it who reads the
 * page, and could carry away what is in it. Styles stand in the page itself.
 */
#define DEFAULT_POLICY                                                                             \
    "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "                 \
    "font-src 'self' data:; media-src 'self' data:; form-action 'self'; base-uri 'none'; "         \
    "frame-ancestors 'self'"

static void set_unless_set(request_rec *r, const char *name, const char *value)
{
    if (!apr_table_get(r->headers_out, name) && !apr_table_get(r->err_headers_out, name)) {
        apr_table_setn(r->headers_out, name, value);
    }
}

static const char *with_scripts(apr_pool_t *p, const char *policy, const char *scripts)
{
    const char *mark;

    while ((mark = ap_strstr_c(policy, MUSE_SCRIPTS_MARK)) != NULL) {
        policy = apr_pstrcat(p, apr_pstrmemdup(p, policy, (apr_size_t)(mark - policy)), scripts,
                             mark + strlen(MUSE_SCRIPTS_MARK), NULL);
    }
    return policy;
}

static const char *policy_for(const muse_request *q, const char *scripts)
{
    const char *policy = q->config->csp;

    if (!muse_or(q->config->scripts, 0)) {
        scripts = NULL;
    }
    if (policy) {
        return with_scripts(q->r->pool, policy, scripts ? scripts : "'none'");
    }
    return scripts ? apr_pstrcat(q->r->pool, DEFAULT_POLICY "; script-src ", scripts, NULL)
                   : DEFAULT_POLICY;
}

void muse_trust_headers(const muse_request *q, const char *scripts)
{
    const char *policy = policy_for(q, scripts);

    if (*policy) {
        set_unless_set(q->r, "Content-Security-Policy", policy);
    }
    set_unless_set(q->r, "X-Content-Type-Options", "nosniff");
    set_unless_set(q->r, "Referrer-Policy", "same-origin");
}
