#include <string.h>

#include <httpd.h>
#include <http_protocol.h>
#include <apr_strings.h>

#include "muse_conditions.h"

/*
 * The page's ETag with the mark that mod_deflate or mod_brotli puts to it, if that is what the
 * client has: httpd never finds it equal to ours. Else NULL.
 */
static const char *find_marked(request_rec *r, const char *etag, const char *sent)
{
    static const char *const marks[] = {"-gzip\"", "-br\""};
    const char *bare = apr_pstrmemdup(r->pool, etag, strlen(etag) - 1);
    size_t i;

    for (i = 0; i < sizeof marks / sizeof *marks; i++) {
        const char *marked = apr_pstrcat(r->pool, bare, marks[i], NULL);

        if (ap_strstr_c(sent, marked)) {
            return marked;
        }
    }
    return NULL;
}

int muse_conditions_check(request_rec *r)
{
    const char *etag = apr_table_get(r->headers_out, "ETag");
    const char *sent = apr_table_get(r->headers_in, "If-None-Match");
    const char *marked = etag && *etag && sent ? find_marked(r, etag, sent) : NULL;
    int status;

    if (marked) {
        apr_table_setn(r->headers_in, "If-None-Match", etag);
    }
    status = ap_meets_conditions(r);
    if (status == HTTP_NOT_MODIFIED && marked) {
        /* The filters never see a 304: it has to say by itself which variant it is about. */
        apr_table_setn(r->headers_out, "ETag", marked);
        apr_table_mergen(r->headers_out, "Vary", "Accept-Encoding");
    }
    return status;
}
