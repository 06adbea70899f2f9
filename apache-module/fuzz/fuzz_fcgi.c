/*
 * The FastCGI reader: however its bytes are split, the same comes out of them, and nothing that is
 * outside of them. And what it writes, read by the rules of FastCGI 1.0.
 */
#include <apr_strings.h>

#include "fuzz_httpd.h"
#include "muse_fcgi.h"

/* All that came out of an answer. */
typedef struct {
    char *bytes[2]; /* of the answer, of log lines */
    size_t length[2];
    muse_fcgi_event last;
    int whole;
    int refused;
    size_t used; /* of the bytes, up to where it ended or broke */
} reading;

static void keep(reading *out, int stream, const char *data, size_t length)
{
    out->bytes[stream] = realloc(out->bytes[stream], out->length[stream] + length);
    FUZZ_CHECK(out->bytes[stream]);
    memcpy(out->bytes[stream] + out->length[stream], data, length);
    out->length[stream] += length;
}

/* Reads a piece that is a copy of its own, so that nothing behind it can be read. */
static void read_piece(muse_fcgi_reader *reader, const uint8_t *bytes, size_t length, reading *out)
{
    char *piece = malloc(length ? length : 1);
    const char *at = piece;

    FUZZ_CHECK(piece);
    if (length) {
        memcpy(piece, bytes, length);
    }
    do {
        const char *before = at;
        const char *data = NULL;
        apr_size_t got = 0;

        out->last = muse_fcgi_read(reader, &at, piece + length, &data, &got);
        FUZZ_CHECK(at >= before && at <= piece + length);
        if (out->last == MUSE_FCGI_STDOUT || out->last == MUSE_FCGI_STDERR) {
            FUZZ_CHECK(got && data >= before && data + got <= at);
            keep(out, out->last == MUSE_FCGI_STDERR, data, got);
        }
    } while (out->last == MUSE_FCGI_STDOUT || out->last == MUSE_FCGI_STDERR);
    out->used += (size_t)(at - piece);
    free(piece);
}

/* In pieces of these lengths, again and again; in one piece without any. */
static reading read_all(const uint8_t *bytes, size_t length, const uint8_t *splits, size_t count)
{
    reading out = {.last = MUSE_FCGI_MORE};
    muse_fcgi_reader reader;
    size_t i = 0;

    muse_fcgi_reader_init(&reader);
    while (out.used < length && out.last == MUSE_FCGI_MORE) {
        const size_t left = length - out.used;
        const size_t most = count ? splits[i++ % count] + 1u : left;

        read_piece(&reader, bytes + out.used, left < most ? left : most, &out);
    }
    out.whole = out.last == MUSE_FCGI_END && muse_fcgi_whole(&reader);
    out.refused = out.last == MUSE_FCGI_END && muse_fcgi_refused(&reader);
    return out;
}

static void check_same(reading *a, reading *b)
{
    int stream;

    FUZZ_CHECK(a->last == b->last && a->whole == b->whole && a->refused == b->refused);
    FUZZ_CHECK(a->used == b->used);
    for (stream = 0; stream < 2; stream++) {
        FUZZ_CHECK(a->length[stream] == b->length[stream]);
        FUZZ_CHECK(!a->length[stream] ||
                   !memcmp(a->bytes[stream], b->bytes[stream], a->length[stream]));
        free(a->bytes[stream]);
        free(b->bytes[stream]);
    }
}

/* Takes the next record off; its content, and its length and type. */
static const uint8_t *record(const uint8_t **at, const uint8_t *end, size_t *length, int *type)
{
    const uint8_t *header = *at;

    FUZZ_CHECK(end - header >= 8 && header[0] == 1 && header[2] == 0 && header[3] == MUSE_FCGI_ID);
    *type = header[1];
    *length = (size_t)(header[4] << 8 | header[5]);
    FUZZ_CHECK((size_t)(end - header) >= 8 + *length + header[6]);
    *at = header + 8 + *length + header[6];
    return header + 8;
}

/* A length of a name or value (FastCGI 1.0, section 3.4). */
static size_t pair_length(const uint8_t **at, const uint8_t *end)
{
    size_t length = **at;

    FUZZ_CHECK(end - *at >= (length & 0x80 ? 4 : 1));
    if (length & 0x80) {
        length = (length & 0x7f) << 24 | (size_t)(*at)[1] << 16 | (size_t)(*at)[2] << 8 | (*at)[3];
        *at += 3;
    }
    *at += 1;
    return length;
}

/* The pairs of one record, counted; each must be what the table has. */
static int check_pairs(const uint8_t *at, const uint8_t *end, const apr_table_entry_t *wanted)
{
    int n = 0;

    while (at < end) {
        const size_t name = pair_length(&at, end);
        const size_t value = pair_length(&at, end);

        FUZZ_CHECK((size_t)(end - at) >= name + value);
        FUZZ_CHECK(name == strlen(wanted[n].key) && !memcmp(at, wanted[n].key, name));
        FUZZ_CHECK(value == strlen(wanted[n].val) && !memcmp(at + name, wanted[n].val, value));
        at += name + value;
        n++;
    }
    return n;
}

static void check_request(const apr_table_t *params, const muse_body *body, const char *bytes,
                          size_t length)
{
    const apr_array_header_t *all = apr_table_elts(params);
    const uint8_t *at = (const uint8_t *)bytes;
    const uint8_t *end = at + length;
    const uint8_t *content;
    size_t size;
    size_t sent = 0;
    int type;
    int n = 0;

    content = record(&at, end, &size, &type);
    FUZZ_CHECK(type == AP_FCGI_BEGIN_REQUEST && size == 8 && content[1] == AP_FCGI_RESPONDER);
    while (content = record(&at, end, &size, &type), type == AP_FCGI_PARAMS && size) {
        n += check_pairs(content, content + size, (const apr_table_entry_t *)all->elts + n);
    }
    FUZZ_CHECK(type == AP_FCGI_PARAMS && n == all->nelts);
    while (content = record(&at, end, &size, &type), type == AP_FCGI_STDIN && size) {
        FUZZ_CHECK(sent + size <= body->length && !memcmp(content, body->bytes + sent, size));
        sent += size;
    }
    FUZZ_CHECK(type == AP_FCGI_STDIN && sent == body->length && at == end);
}

/* Params of lines "name=value", the last with a value of the body's length; and a body. */
static void write_request(fuzz_input *in)
{
    const uint8_t how = fuzz_byte(in);
    const size_t repeated = (size_t)fuzz_number(in, 3) % 140000;
    fuzz_visit visit;
    apr_table_t *params;
    muse_body body = {.length = how & 1 ? repeated : 0};
    const char *bytes;
    apr_size_t length;
    char *fill;

    fuzz_visit_begin(&visit);
    params = apr_table_make(visit.pool, 8);
    fill = apr_palloc(visit.pool, repeated + 1);
    memset(fill, 'x', repeated);
    fill[repeated] = '\0';
    body.bytes = fill;
    while (fuzz_left(in)) {
        char *line = fuzz_line(in);
        char *equals = strchr(line, '=');

        if (equals) {
            *equals = '\0';
            apr_table_add(params, line, equals + 1);
        }
        free(line);
    }
    if (how & 2) {
        apr_table_addn(params, "FILL", fill);
    }
    bytes = muse_fcgi_request(visit.r, visit.pool, params, &body, &length);
    FUZZ_CHECK(bytes ? length > 0 : length == 0 && how & 2);
    if (bytes) {
        check_request(params, &body, bytes, length);
    }
    fuzz_visit_end(&visit);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input in = fuzz_input_of(data, size);
    const size_t count = fuzz_byte(&in) % 9;
    size_t splits_length;
    const uint8_t *splits;
    reading whole;
    reading split;

    if (count == 8) {
        write_request(&in);
        return 0;
    }
    splits = fuzz_bytes(&in, count, &splits_length);
    whole = read_all(in.at, fuzz_left(&in), NULL, 0);
    split = read_all(in.at, fuzz_left(&in), splits, splits_length);
    check_same(&whole, &split);
    return 0;
}
