#include <httpd.h>
#include <http_core.h>
#include <util_filter.h>

#include "muse_flow.h"

enum {
    ROOM_MOST = 16 * 1024,
    ROOM_LEAST = 512,
    SPUR = 4096,
    ROOM_SHARE = 4, /* of FlushMaxThreshold: what is still held, and TLS's and chunks' framing */
};

static ap_filter_rec_t *filter;

/* The core's filter writes, without waiting, what it holds when it is called with nothing. */
static apr_status_t push(ap_filter_t *core)
{
    return core->frec->filter_func.out_func(core, NULL);
}

/*
 * Makes the core write without waiting: it writes at once what is not less than 4 KB, which this
 * seems to be until it is read. Less than that, such as an answer's head, it would set aside, for
 * which each connection needs one pool more.
 */
static apr_status_t read_spur(apr_bucket *b, const char **data, apr_size_t *length,
                              apr_read_type_e block)
{
    (void)block;
    (void)apr_bucket_immortal_make(b, "", 0);
    *data = b->data;
    *length = 0;
    return APR_SUCCESS;
}

static const apr_bucket_type_t spur_type = {
    .name = "MUSE_SPUR",
    .num_func = 5,
    .is_metadata = APR_BUCKET_DATA,
    .destroy = apr_bucket_destroy_noop,
    .read = read_spur,
    .setaside = apr_bucket_setaside_noop,
    .split = apr_bucket_split_notimpl,
    .copy = apr_bucket_copy_notimpl,
};

static apr_bucket *create_spur(apr_bucket_alloc_t *list)
{
    apr_bucket *b = apr_bucket_immortal_create("", 0, list);

    b->type = &spur_type;
    b->length = SPUR;
    return b;
}

/* ctx is NULL while flushes are to wait. */
static apr_status_t pass_without_waiting(ap_filter_t *f, apr_bucket_brigade *bb)
{
    apr_bucket *b = APR_BRIGADE_FIRST(bb);
    apr_status_t rv = APR_SUCCESS;
    int flush = 0;

    if (!f->ctx) {
        return ap_pass_brigade(f->next, bb);
    }
    while (b != APR_BRIGADE_SENTINEL(bb)) {
        apr_bucket *next = APR_BUCKET_NEXT(b);

        if (APR_BUCKET_IS_FLUSH(b)) {
            apr_bucket_delete(b);
            flush = 1;
        }
        b = next;
    }
    if (!APR_BRIGADE_EMPTY(bb)) {
        APR_BRIGADE_INSERT_HEAD(bb, create_spur(bb->bucket_alloc));
        rv = ap_pass_brigade(f->next, bb);
    }
    return rv == APR_SUCCESS && flush && f->c->data_in_output_filters ? push(f->next) : rv;
}

void muse_flow_register(void)
{
    filter =
        ap_register_output_filter("MUSE_FLOW", pass_without_waiting, NULL, AP_FTYPE_NETWORK - 1);
}

static ap_filter_t *find(const conn_rec *c)
{
    ap_filter_t *f = c->output_filters;

    while (f && f->frec != filter) {
        f = f->next;
    }
    return f;
}

void muse_flow_add(request_rec *r)
{
    /* By way of the request, whose own filters would else go on with the next one below. */
    (void)ap_add_output_filter_handle(filter, r->connection, r, r->connection);
}

void muse_flow_set(conn_rec *c, int on)
{
    ap_filter_t *f = find(c);

    if (f) {
        f->ctx = on ? c : NULL;
    }
}

apr_status_t muse_flow_push(conn_rec *c)
{
    ap_filter_t *f = find(c);

    return f ? push(f->next) : APR_EGENERAL;
}

int muse_flow_pending(const conn_rec *c)
{
    return !c->aborted && c->data_in_output_filters;
}

apr_size_t muse_flow_room(const conn_rec *c)
{
    const core_server_config *config = ap_get_core_module_config(c->base_server->module_config);
    const apr_size_t room = config->flush_max_threshold / ROOM_SHARE;

    return room > ROOM_MOST ? ROOM_MOST : room < ROOM_LEAST ? ROOM_LEAST : room;
}
