#include <httpd.h>
#include <apr_strings.h>

#include "muse_privacy.h"

static void mark(request_rec *r, apr_table_t *headers)
{
    const char *said = apr_table_get(headers, "Cache-Control");

    if (said && !ap_strcasestr(said, "no-store") && !ap_strcasestr(said, "private")) {
        apr_table_setn(headers, "Cache-Control", apr_pstrcat(r->pool, "private, ", said, NULL));
    }
}

void muse_privacy_mark(request_rec *r)
{
    if (r->user || r->ap_auth_type) {
        mark(r, r->headers_out);
        mark(r, r->err_headers_out);
    }
}
