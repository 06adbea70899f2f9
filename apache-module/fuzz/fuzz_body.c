/*
 * What a POST brings, in pieces of any size: read as it came or refused, and never more than is
 * allowed. And which types are those of forms.
 */
#include <http_protocol.h>
#include <util_filter.h>
#include <apr_lib.h>

#include "fuzz_httpd.h"
#include "muse_body.h"

enum { MOST = 4096 }; /* as in the configuration */

typedef struct {
    fuzz_input in;
    uint8_t piece;
    int breaks; /* ends with an error */
} sender;

/* In place of the network and of httpd's own filters: gives pieces, empty ones among them. */
static apr_status_t give(ap_filter_t *filter, apr_bucket_brigade *bb, ap_input_mode_t mode,
                         apr_read_type_e block, apr_off_t bytes)
{
    sender *s = filter->ctx;
    apr_bucket_alloc_t *alloc = filter->c->bucket_alloc;
    size_t length;
    const uint8_t *data;

    (void)mode;
    (void)block;
    data = fuzz_bytes(&s->in, s->piece < bytes ? s->piece : (size_t)bytes, &length);
    if (s->piece % 3 == 0) {
        APR_BRIGADE_INSERT_TAIL(bb, apr_bucket_flush_create(alloc));
        s->piece++;
    }
    APR_BRIGADE_INSERT_TAIL(bb, apr_bucket_transient_create((const char *)data, length, alloc));
    if (!fuzz_left(&s->in)) {
        if (s->breaks) {
            return APR_EGENERAL;
        }
        APR_BRIGADE_INSERT_TAIL(bb, apr_bucket_eos_create(alloc));
    }
    return APR_SUCCESS;
}

/* By the words of HOWTO.md. */
static int is_form(const char *type)
{
    const size_t length = strcspn(type, "; \t\n\v\f\r");

    return (length == 33 && !strncasecmp(type, "application/x-www-form-urlencoded", length)) ||
           (length == 19 && !strncasecmp(type, "multipart/form-data", length)) ||
           (length == 16 && !strncasecmp(type, "application/json", length));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static ap_filter_rec_t *filter;
    fuzz_input in = fuzz_input_of(data, size);
    const uint8_t how = fuzz_byte(&in);
    const uint8_t piece = fuzz_byte(&in);
    char *type = fuzz_line(&in);
    char *told = fuzz_line(&in);
    sender s = {.in = in, .piece = piece ? piece : 1, .breaks = how & 1};
    fuzz_visit visit;
    muse_body *body;
    int status;

    if (!filter) {
        filter = ap_register_input_filter("FUZZ_GIVE", give, NULL, AP_FTYPE_RESOURCE);
    }
    fuzz_visit_begin(&visit);
    visit.r->input_filters = NULL;
    (void)ap_add_input_filter_handle(filter, &s, visit.r, visit.connection);
    apr_table_setn(visit.r->headers_in, "Content-Type", type);
    FUZZ_CHECK(!muse_body_is_form(visit.r) == !is_form(type));
    if (how & 2) {
        apr_table_setn(visit.r->headers_in, "Content-Length", told);
    }
    status = muse_body_read(visit.r, &body);
    if (status == OK) {
        FUZZ_CHECK(!s.breaks && body->length == fuzz_left(&in) && body->length <= MOST);
        FUZZ_CHECK(!body->length || !memcmp(body->bytes, in.at, body->length));
    } else {
        FUZZ_CHECK(status == HTTP_REQUEST_ENTITY_TOO_LARGE ||
                   (s.breaks && status == HTTP_BAD_REQUEST));
        FUZZ_CHECK(s.breaks || how & 2 || fuzz_left(&in) > MOST);
    }
    muse_body_drop(body);
    fuzz_visit_end(&visit);
    free(type);
    free(told);
    return 0;
}
