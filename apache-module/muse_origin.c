#include <string.h>

#include <httpd.h>
#include <http_config.h>
#include <apr_strings.h>

#include "muse_config.h"
#include "muse_origin.h"
#include "muse_page.h"

/* The list's own word for this origin: itself, "*", or NULL. */
static const char *allowed(const apr_array_header_t *origins, const char *origin)
{
    int i;

    for (i = 0; i < origins->nelts; i++) {
        const char *each = APR_ARRAY_IDX(origins, i, const char *);

        if (!strcmp(each, "*") || !strcasecmp(each, origin)) {
            return each;
        }
    }
    return NULL;
}

int muse_origin_is_allowed(const request_rec *r, const char *origin)
{
    const apr_array_header_t *origins = muse_config_dir(r)->origins;

    return origins && allowed(origins, origin) != NULL;
}

static int is_ours(const request_rec *r)
{
    return r->handler &&
           (!strncmp(r->handler, "muse-ai-", 8) || !strcmp(r->handler, MUSE_HANDLER_ALIAS));
}

/*
 * The Fetch standard, section 3.3. No cookie or password goes with such a request, since
 * Access-Control-Allow-Credentials is never sent. The headers are among those that errors have too.
 */
int muse_origin_fixup(request_rec *r)
{
    const apr_array_header_t *origins = muse_config_dir(r)->origins;
    const char *origin;
    const char *found;

    if (!origins || r->main || !is_ours(r)) {
        return DECLINED;
    }
    apr_table_mergen(r->err_headers_out, "Vary", "Origin");
    origin = apr_table_get(r->headers_in, "Origin");
    found = origin ? allowed(origins, origin) : NULL;
    if (!found) {
        return DECLINED;
    }
    apr_table_setn(r->err_headers_out, "Access-Control-Allow-Origin", *found == '*' ? "*" : origin);
    if (r->method_number == M_OPTIONS &&
        apr_table_get(r->headers_in, "Access-Control-Request-Method")) {
        apr_table_setn(r->err_headers_out, "Access-Control-Allow-Methods", "GET, HEAD, POST");
        /* What is safe is allowed without a word; * does not stand for Authorization. */
        apr_table_setn(r->err_headers_out, "Access-Control-Allow-Headers", "Authorization, *");
    } else {
        apr_table_setn(r->err_headers_out, "Access-Control-Expose-Headers", "*");
    }
    return DECLINED;
}
