/*
 * What an engine answers, on its way through httpd to the visitor: whatever it is and however it
 * is split, what goes out is a well-formed head, and the body as it came.
 */
#include <http_request.h>

#include "fuzz_httpd.h"
#include "muse_answer.h"

/* Pieces stay where they are until the answer is flushed. */
enum { PIECES_MOST = 64 };

typedef struct {
    fuzz_visit visit;
    muse_answer_status status;
    muse_answer_status ended;
    int begun;
    int refused;
    const char *body; /* behind the head on the wire, with its chunks */
} outcome;

static outcome *visit_with(const uint8_t how, fuzz_input in, const uint8_t *splits, size_t count)
{
    outcome *out = calloc(1, sizeof *out);
    muse_answer answer;
    char *pieces[PIECES_MOST];
    size_t i = 0;

    FUZZ_CHECK(out);
    fuzz_visit_begin(&out->visit);
    out->visit.q.admin = (how >> 4 & 3) == 1;
    out->visit.q.door = (how >> 4 & 3) == 2;
    muse_answer_init(&answer, &out->visit.q);
    answer.last = how >> 6 & 1;
    while (fuzz_left(&in) && out->status == MUSE_ANSWER_TAKEN && i < PIECES_MOST) {
        const size_t most = count && i < PIECES_MOST - 1 ? splits[i % count] + 1u : fuzz_left(&in);
        size_t length;
        const uint8_t *bytes = fuzz_bytes(&in, most, &length);

        pieces[i] = malloc(length);
        FUZZ_CHECK(pieces[i]);
        memcpy(pieces[i], bytes, length);
        out->status = muse_answer_take(&answer, pieces[i++], length);
    }
    out->begun = answer.begun;
    out->refused = answer.refused;
    FUZZ_CHECK(!out->begun || !out->refused);
    FUZZ_CHECK(!out->refused || (out->refused >= 300 && out->refused < 600));
    if (out->begun && how >> 7) {
        muse_answer_break_off(&answer, 1);
        FUZZ_CHECK(out->visit.connection->aborted || out->visit.sent_end ||
                   out->visit.connection->keepalive != AP_CONN_KEEPALIVE);
    } else if (out->begun) {
        out->ended = muse_answer_end(&answer);
    }
    while (i > 0) {
        free(pieces[--i]);
    }
    out->body = fuzz_check_head(&out->visit);
    FUZZ_CHECK(!out->body || out->begun);
    /* httpd says 500 in place of a head that it finds improper, and takes no more. */
    FUZZ_CHECK(out->ended == MUSE_ANSWER_TAKEN || !out->body ||
               !strncmp(out->visit.sent + 9, "500", 3));
    return out;
}

static void forget(outcome *out)
{
    fuzz_visit_end(&out->visit);
    free(out);
}

static void check_same(const outcome *a, const outcome *b)
{
    FUZZ_CHECK(a->status == b->status && a->begun == b->begun && a->refused == b->refused);
    FUZZ_CHECK(a->visit.sent_length == b->visit.sent_length);
    FUZZ_CHECK(!a->visit.sent_length ||
               !memcmp(a->visit.sent, b->visit.sent, a->visit.sent_length));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input in = fuzz_input_of(data, size);
    const uint8_t how = fuzz_byte(&in);
    size_t count;
    const uint8_t *splits = fuzz_bytes(&in, 1 + how % 8, &count);
    outcome *whole = visit_with(how, in, NULL, 0);
    outcome *split = visit_with(how, in, splits, count);

    check_same(whole, split);
    forget(whole);
    forget(split);
    return 0;
}
