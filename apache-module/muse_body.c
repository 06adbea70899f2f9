#include <string.h>

#include <httpd.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <util_filter.h>
#include <apr_buckets.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "muse_body.h"
#include "muse_config.h"

APLOG_USE_MODULE(muse_ai);

enum { PIECE = 16 * 1024 };

int muse_body_is_form(const request_rec *r)
{
    static const char *const types[] = {"application/x-www-form-urlencoded", "multipart/form-data",
                                        "application/json"};
    const char *type = apr_table_get(r->headers_in, "Content-Type");
    size_t i;

    for (i = 0; type && i < sizeof types / sizeof *types; i++) {
        const size_t length = strlen(types[i]);

        if (!strncasecmp(type, types[i], length) &&
            (type[length] == '\0' || type[length] == ';' || apr_isspace(type[length]))) {
            return 1;
        }
    }
    return 0;
}

void muse_body_pass_over(request_rec *r)
{
    const char *length = apr_table_get(r->headers_in, "Content-Length");

    if ((length && strcmp(length, "0") != 0) || apr_table_get(r->headers_in, "Transfer-Encoding")) {
        r->connection->keepalive = AP_CONN_CLOSE;
    }
}

/* httpd's own limit counts too, which it would tell by a page of its own. */
static apr_size_t bytes_most(const request_rec *r)
{
    const apr_off_t most =
        muse_or(muse_config_dir(r)->max_request_size, MUSE_DEFAULT_MAX_REQUEST_SIZE);
    const apr_off_t limit = ap_get_limit_req_body(r);

    return (apr_size_t)(limit > 0 && limit < most ? limit : most);
}

static int refuse_length(request_rec *r, apr_size_t most)
{
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                  "MUSE0060: what was sent is larger than %" APR_SIZE_T_FMT " bytes: refused; see "
                  "MuseAiSecurityMaxRequestSize and LimitRequestBody",
                  most);
    return HTTP_REQUEST_ENTITY_TOO_LARGE;
}

static int refuse_broken(request_rec *r, apr_status_t rv)
{
    const int status = ap_map_http_request_error(rv, HTTP_BAD_REQUEST);

    ap_log_rerror(APLOG_MARK, APLOG_INFO, rv, r,
                  "MUSE0061: what was sent can't be read to its end");
    return status;
}

/* Adds the bytes of b, which grow by doubling. What they grew out of goes with the pool. */
static void add(muse_body *body, apr_size_t *room, const char *data, apr_size_t length)
{
    if (!length) {
        return;
    }
    if (body->length + length > *room) {
        char *larger;

        do {
            *room = *room ? *room * 2 : PIECE;
        } while (body->length + length > *room);
        larger = apr_palloc(body->pool, *room);
        if (body->length) {
            memcpy(larger, body->bytes, body->length);
        }
        body->bytes = larger;
    }
    memcpy((char *)(uintptr_t)body->bytes + body->length, data, length);
    body->length += length;
}

int muse_body_read(request_rec *r, muse_body **result)
{
    muse_body *body = apr_pcalloc(r->pool, sizeof *body);
    const char *told = apr_table_get(r->headers_in, "Content-Length");
    apr_bucket_brigade *bb;
    const apr_size_t most = bytes_most(r);
    apr_size_t room = 0;
    int ended = 0;

    *result = body;
    /* Before a client that waits for 100 Continue is told to send it. */
    if (told && apr_atoi64(told) > (apr_int64_t)most) {
        return refuse_length(r, most);
    }
    apr_pool_create(&body->pool, r->pool);
    bb = apr_brigade_create(body->pool, r->connection->bucket_alloc);
    while (!ended) {
        apr_bucket *b;
        apr_status_t rv =
            ap_get_brigade(r->input_filters, bb, AP_MODE_READBYTES, APR_BLOCK_READ, PIECE);

        for (b = APR_BRIGADE_FIRST(bb); rv == APR_SUCCESS && b != APR_BRIGADE_SENTINEL(bb);
             b = APR_BUCKET_NEXT(b)) {
            const char *data;
            apr_size_t length;

            if (APR_BUCKET_IS_EOS(b)) {
                ended = 1;
                break;
            }
            if (APR_BUCKET_IS_METADATA(b)) {
                continue;
            }
            rv = apr_bucket_read(b, &data, &length, APR_BLOCK_READ);
            if (rv != APR_SUCCESS) {
                break;
            }
            if (length > most - body->length) {
                return refuse_length(r, most);
            }
            add(body, &room, data, length);
        }
        if (rv != APR_SUCCESS) {
            return refuse_broken(r, rv);
        }
        apr_brigade_cleanup(bb);
    }
    return OK;
}

void muse_body_drop(muse_body *body)
{
    if (body->pool) {
        apr_pool_destroy(body->pool);
    }
    memset(body, 0, sizeof *body);
}
