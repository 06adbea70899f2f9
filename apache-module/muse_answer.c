#include <string.h>

#include <httpd.h>
#include <http_config.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>
#include <util_filter.h>
#include <util_script.h>

#include "muse_answer.h"
#include "muse_conditions.h"
#include "muse_language_headers.h"
#include "muse_privacy.h"
#include "muse_tally.h"
#include "muse_trust.h"

APLOG_USE_MODULE(muse_ai);

enum {
    HEAD_MOST = 32 * 1024,
    H2_FRAMING = 50000, /* microseconds */
};

void muse_answer_init(muse_answer *a, const muse_request *q)
{
    memset(a, 0, sizeof *a);
    a->q = q;
    a->body = apr_brigade_create(q->r->pool, q->r->connection->bucket_alloc);
}

/* mod_http2 may have said Upgrade there, for a header of that name. */
static void say_last(request_rec *r)
{
    const char *said = apr_table_get(r->headers_out, "Connection");

    if (!said || !ap_find_token(r->pool, said, "close")) {
        apr_table_mergen(r->headers_out, "Connection", "close");
    }
}

static muse_answer_status pass(muse_answer *a, apr_bucket *tail)
{
    request_rec *r = a->q->r;
    apr_status_t rv;

    APR_BRIGADE_INSERT_TAIL(a->body, tail);
    if (a->last && !r->sent_bodyct) {
        say_last(r);
    }
    rv = ap_pass_brigade(r->output_filters, a->body);
    apr_brigade_cleanup(a->body);
    return rv == APR_SUCCESS && !r->connection->aborted ? MUSE_ANSWER_TAKEN : MUSE_ANSWER_LEFT;
}

/* What else there is besides GET and HEAD only the engine knows; httpd tells it with a 405. */
static void set_methods(request_rec *r)
{
    const char *allow = apr_table_get(r->err_headers_out, "Allow"); /* where CGI headers go */

    ap_allow_standard_methods(r, REPLACE_ALLOW, M_GET, M_OPTIONS, -1);
    if (allow && ap_strstr_c(allow, "POST")) {
        ap_allow_standard_methods(r, MERGE_ALLOW, M_POST, -1);
    }
    apr_table_unset(r->err_headers_out, "Allow");
}

/*
 * httpd puts a CGI head's fields where those of errors are. There, "Header set" and mod_expires
 * would not find them, and add a second field, though not to the same page from the store.
 */
static void set_cache_fields(request_rec *r)
{
    static const char *const names[] = {"Age", "Cache-Control", "Cache-Status"};
    size_t i;

    for (i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = apr_table_get(r->err_headers_out, names[i]);

        if (value) {
            apr_table_setn(r->headers_out, names[i], value);
            apr_table_unset(r->err_headers_out, names[i]);
        }
    }
}

/* Whether the visitor has this very page already: an engine's cache knows it by its ETag. */
static int check_conditions(const muse_request *q)
{
    request_rec *r = q->r;

    return q->get && !r->main && !q->admin && !q->door && apr_table_get(r->headers_out, "ETag")
               ? muse_conditions_check(r)
               : OK;
}

/* before: its status before the head, by which httpd knows an ErrorDocument that fails itself. */
static void refuse(muse_answer *a, int status, int before)
{
    request_rec *r = a->q->r;

    r->status = status >= 400 || status == HTTP_NOT_MODIFIED ? before : status;
    r->status_line = NULL;
    a->refused = status;
}

/*
 * The head is whole: either the page begins, or there is a status to answer with. 0: its status is
 * none that ends a request.
 */
static int read_head(muse_answer *a, const char *head, apr_size_t length)
{
    request_rec *r = a->q->r;
    apr_bucket_brigade *bb = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    const int error = r->status; /* of the request that this one is the ErrorDocument for */
    const char *scripts;
    int status;

    (void)apr_brigade_write(bb, NULL, NULL, head, length);
    status = ap_scan_script_header_err_brigade_ex(r, bb, NULL, APLOG_MODULE_INDEX);
    apr_brigade_destroy(bb);
    if (status == OK && (r->status < 200 || r->status > 599)) {
        r->status = HTTP_OK;
        return 0;
    }
    if (status == OK && r->status >= 400 && !a->q->door) {
        status = r->status;
    }
    apr_table_unset(r->err_headers_out, "Muse-Error"); /* where CGI headers go */
    muse_tally_head(r);
    if (status == OK) {
        if (error >= 400) {
            r->status = error;
            r->status_line = NULL;
        }
        scripts = apr_table_get(r->err_headers_out, MUSE_SCRIPTS_HEADER);
        apr_table_unset(r->err_headers_out, MUSE_SCRIPTS_HEADER);
        set_cache_fields(r);
        if (error >= 400) {
            apr_table_setn(r->headers_out, "Cache-Control", "no-store");
        }
        muse_privacy_mark(r);
        if (!a->q->admin && !a->q->door) {
            muse_trust_headers(a->q, scripts);
            muse_request_vary(a->q);
            muse_language_headers(a->q);
        }
        status = check_conditions(a->q);
        if (status == OK) {
            a->begun = 1;
            return 1;
        }
    }
    if (status == HTTP_METHOD_NOT_ALLOWED) {
        set_methods(r);
    }
    refuse(a, status, error);
    return 1;
}

/* Where the head that begins at data ends, behind its empty line; NULL: not here. */
static const char *find_end(const char *data, apr_size_t length)
{
    const char *found = memmem(data, length, "\r\n\r\n", 4);

    return found ? found + 4 : NULL;
}

static void keep_piece(muse_answer *a, const char *data, apr_size_t length)
{
    const apr_size_t wanted = a->head_length + length;

    if (wanted > a->head_room) {
        const apr_size_t room = wanted * 2;
        char *head = apr_palloc(a->q->r->pool, room);

        if (a->head_length) {
            memcpy(head, a->head, a->head_length);
        }
        a->head = head;
        a->head_room = room;
    }
    memcpy(a->head + a->head_length, data, length);
    a->head_length = wanted;
}

/* Takes what belongs to the head and returns how much that was. 0: it is too long, or none. */
static apr_size_t take_head(muse_answer *a, const char *data, apr_size_t length)
{
    const apr_size_t before = a->head_length;
    const char *head = data;
    const char *end;

    if (before) {
        keep_piece(a, data, length > HEAD_MOST - before ? HEAD_MOST - before : length);
        head = a->head;
        length = a->head_length;
    }
    end = find_end(head, length);
    if (end) {
        return read_head(a, head, (apr_size_t)(end - head)) ? (apr_size_t)(end - head) - before : 0;
    }
    if (length >= HEAD_MOST) {
        return 0;
    }
    if (!before) {
        keep_piece(a, data, length);
    }
    return a->head_length - before;
}

muse_answer_status muse_answer_take(muse_answer *a, const char *data, apr_size_t length)
{
    if (!a->begun && !a->refused) {
        const apr_size_t used = take_head(a, data, length);

        if (!used) {
            return MUSE_ANSWER_MALFORMED;
        }
        data += used;
        length -= used;
    }
    if (!length || a->refused) {
        return MUSE_ANSWER_TAKEN;
    }
    APR_BRIGADE_INSERT_TAIL(a->body,
                            apr_bucket_transient_create(data, length, a->body->bucket_alloc));
    return MUSE_ANSWER_TAKEN;
}

muse_answer_status muse_answer_flush(muse_answer *a)
{
    return a->begun ? pass(a, apr_bucket_flush_create(a->body->bucket_alloc)) : MUSE_ANSWER_TAKEN;
}

muse_answer_status muse_answer_end(muse_answer *a)
{
    /* With its end the length would be known, and the head another, by chance of the timing. */
    if (!APR_BRIGADE_EMPTY(a->body) && muse_answer_flush(a) == MUSE_ANSWER_LEFT) {
        return MUSE_ANSWER_LEFT;
    }
    return pass(a, apr_bucket_eos_create(a->body->bucket_alloc));
}

void muse_answer_break_off(muse_answer *a, int notice)
{
    request_rec *r = a->q->r;

    if (notice && r->content_type && !strncasecmp(r->content_type, "text/html", 9)) {
        /* Out of whatever the page was in the middle of; elsewhere these mean nothing. */
        (void)apr_brigade_puts(a->body, NULL, NULL,
                               "<!----></script></style></textarea></title>"
                               "<div role=\"alert\" style=\"margin:1rem;padding:1rem;border:2px "
                               "solid #b00020;background:#fff;color:#b00020;font:1rem sans-serif"
                               "\">This page could not be finished. Please load it again.</div>");
    }
    r->no_cache = 1;
    if (!r->sent_bodyct) {
        /* The head has not left yet, and promises what no longer holds. */
        apr_table_setn(r->headers_out, "Cache-Control", "no-store");
        apr_table_unset(r->headers_out, "Cache-Status");
    }
    /*
     * In this order: the head goes out while the connection may still be kept, and so in chunks;
     * an answer that only the connection's end delimits would look whole.
     */
    (void)muse_answer_flush(a);
    r->connection->keepalive = AP_CONN_CLOSE;
    if (r->connection->master) {
        /*
         * mod_http2 resets a stream at once, without what it has not framed yet, and nothing tells
         * when it has. So that the visitor sees the notice, this worker thread waits a moment.
         */
        apr_sleep(H2_FRAMING);
    }
    /* httpd leaves out the last chunk then, or resets the HTTP/2 stream. */
    APR_BRIGADE_INSERT_TAIL(
        a->body, ap_bucket_error_create(HTTP_BAD_GATEWAY, NULL, r->pool, a->body->bucket_alloc));
    (void)pass(a, apr_bucket_eos_create(a->body->bucket_alloc));
}
