#include <string.h>

#include <apr_tables.h>

#include "muse_fcgi.h"

enum { UNKNOWN_ROLE = 3 }; /* FastCGI 1.0, section 5.5; not in util_fcgi.h */

static char *put_header(char *at, unsigned char type, apr_uint16_t length)
{
    ap_fcgi_header header;

    ap_fcgi_fill_in_header(&header, type, MUSE_FCGI_ID, length, 0);
    ap_fcgi_header_to_array(&header, (unsigned char *)at);
    return at + AP_FCGI_HEADER_LEN;
}

/* A stream's content in records, and the empty one that ends it. */
static char *put_stdin(char *at, const char *bytes, apr_size_t length)
{
    while (length) {
        const apr_size_t part = length < AP_FCGI_MAX_CONTENT_LEN ? length : AP_FCGI_MAX_CONTENT_LEN;

        at = put_header(at, AP_FCGI_STDIN, (apr_uint16_t)part);
        memcpy(at, bytes, part);
        at += part;
        bytes += part;
        length -= part;
    }
    return put_header(at, AP_FCGI_STDIN, 0);
}

const char *muse_fcgi_request(request_rec *r, apr_pool_t *p, apr_table_t *params,
                              const muse_body *body, apr_size_t *length)
{
    const int count = apr_table_elts(params)->nelts;
    ap_fcgi_begin_request_body begin;
    const apr_size_t sent = body ? body->length : 0;
    apr_size_t size =
        5 * AP_FCGI_HEADER_LEN + sent + (sent / AP_FCGI_MAX_CONTENT_LEN + 1) * AP_FCGI_HEADER_LEN;
    char *bytes;
    char *at;
    int next = 0;

    *length = 0;
    /* What the params take, record by record: the same steps as below, without writing. */
    while (next < count) {
        const int first = next;

        size +=
            AP_FCGI_HEADER_LEN + ap_fcgi_encoded_env_len(params, AP_FCGI_MAX_CONTENT_LEN, &next);
        if (next == first) {
            return NULL;
        }
    }
    bytes = at = apr_palloc(p, size);
    at = put_header(at, AP_FCGI_BEGIN_REQUEST, sizeof begin);
    ap_fcgi_fill_in_request_body(&begin, AP_FCGI_RESPONDER, AP_FCGI_KEEP_CONN);
    ap_fcgi_begin_request_body_to_array(&begin, (unsigned char *)at);
    at += AP_FCGI_HEADER_LEN;
    for (next = 0; next < count;) {
        int first = next;
        const apr_size_t part = ap_fcgi_encoded_env_len(params, AP_FCGI_MAX_CONTENT_LEN, &next);

        at = put_header(at, AP_FCGI_PARAMS, (apr_uint16_t)part);
        if (ap_fcgi_encode_env(r, params, at, part, &first) != APR_SUCCESS) {
            return NULL;
        }
        at += part;
    }
    at = put_header(at, AP_FCGI_PARAMS, 0);
    at = put_stdin(at, body ? body->bytes : NULL, sent);
    *length = (apr_size_t)(at - bytes);
    return bytes;
}

void muse_fcgi_reader_init(muse_fcgi_reader *reader)
{
    memset(reader, 0, sizeof *reader);
}

/* Begins the record whose header is whole. 0 when it can't be part of our answer. */
static int begin_record(muse_fcgi_reader *reader)
{
    unsigned char version;
    unsigned char type;
    unsigned char padding;
    apr_uint16_t id;
    apr_uint16_t content;

    ap_fcgi_header_fields_from_array(&version, &type, &id, &content, &padding, reader->header);
    reader->type = type;
    reader->content = content;
    reader->padding = padding;
    reader->end_have = 0;
    return version == AP_FCGI_VERSION_1 && id == MUSE_FCGI_ID &&
           (type == AP_FCGI_STDOUT || type == AP_FCGI_STDERR ||
            (type == AP_FCGI_END_REQUEST && content == sizeof reader->end));
}

static unsigned take(const char **bytes, const char *end, unsigned want)
{
    const size_t have = (size_t)(end - *bytes);
    const unsigned n = have < want ? (unsigned)have : want;

    *bytes += n;
    return n;
}

muse_fcgi_event muse_fcgi_read(muse_fcgi_reader *reader, const char **bytes, const char *end,
                               const char **data, apr_size_t *length)
{
    while (*bytes < end) {
        const char *start = *bytes;
        unsigned n;

        if (reader->have < AP_FCGI_HEADER_LEN) {
            n = take(bytes, end, AP_FCGI_HEADER_LEN - reader->have);
            memcpy(reader->header + reader->have, start, n);
            reader->have += n;
            if (reader->have == AP_FCGI_HEADER_LEN && !begin_record(reader)) {
                return MUSE_FCGI_BROKEN;
            }
        } else if (reader->content && reader->type == AP_FCGI_END_REQUEST) {
            n = take(bytes, end, reader->content);
            memcpy(reader->end + reader->end_have, start, n);
            reader->end_have += n;
            reader->content -= n;
        } else if (reader->content) {
            n = take(bytes, end, reader->content);
            reader->content -= n;
            *data = start;
            *length = n;
            return reader->type == AP_FCGI_STDOUT ? MUSE_FCGI_STDOUT : MUSE_FCGI_STDERR;
        } else {
            reader->padding -= take(bytes, end, reader->padding);
        }
        if (reader->have == AP_FCGI_HEADER_LEN && !reader->content && !reader->padding) {
            reader->have = 0;
            if (reader->type == AP_FCGI_END_REQUEST) {
                return MUSE_FCGI_END;
            }
        }
    }
    return MUSE_FCGI_MORE;
}

int muse_fcgi_whole(const muse_fcgi_reader *reader)
{
    static const unsigned char whole[5] = {0, 0, 0, 0, 0}; /* appStatus 0, FCGI_REQUEST_COMPLETE */

    return !memcmp(reader->end, whole, sizeof whole);
}

int muse_fcgi_refused(const muse_fcgi_reader *reader)
{
    return reader->end[4] == UNKNOWN_ROLE; /* protocolStatus */
}
