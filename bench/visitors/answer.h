/*
 * Reads one HTTP/1.1 answer as it arrives and holds it against what it has to be.
 *
 * The expected body is a text with two kinds of places: a run of '@' stands for the visitor's
 * number, a run of '#' for a stamp: the time in nanoseconds (CLOCK_MONOTONIC) at which whoever
 * wrote it sent it. Of each stamp the delay until it arrived is noted.
 *
 * With `scan` only tokens are looked for, in their order: pieces of the expected text that begin
 * with '['. What is around them (the JSON of an event stream) is passed over.
 */
#ifndef ANSWER_H
#define ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HEAD_MAX = 4096 };

/* What all visitors share; read-only once they run. */
struct expected {
    const char *text;
    size_t len;
    bool scan;
    /* How many stamps the text has. */
    size_t stamps;
};

enum verdict {
    ANSWER_UNFINISHED,
    /* Whole and right. */
    ANSWER_RIGHT,
    /* Its bytes, its status or its framing are not what they should be. */
    ANSWER_WRONG,
    /* The connection ended before the answer did. */
    ANSWER_CUT,
};

struct answer {
    const struct expected *expected;
    /* The visitor's number. */
    unsigned id;
    int status;
    enum verdict verdict;
    /* The connection can carry another request after this answer. */
    bool keep;
    /* Times as of the clock above; 0 until then. `first` is the first byte of the body. */
    uint64_t first;
    uint64_t end;
    size_t body_len;
    /* Delay of each stamp in microseconds; room for `expected->stamps`. */
    uint32_t *delays;
    size_t delays_len;

    /* Where the reader is. */
    enum { IN_HEAD, IN_BODY, IN_CHUNK_SIZE, IN_CHUNK, AFTER_CHUNK, IN_TRAILER } state;
    char head[HEAD_MAX];
    size_t head_len;
    /* Bytes left of the body or the chunk; -1: until the connection ends. */
    long long left;
    size_t line_len;
    /* Where in the expected text, and where its token began (scan). */
    size_t at;
    size_t token;
    uint64_t stamp;
};

/* Begins anew, keeping `expected` and `delays`. */
void answer_begin(struct answer *answer, unsigned id);
/* Takes bytes that arrived at `now`. The verdict tells whether it is over. */
void answer_take(struct answer *answer, const char *bytes, size_t len, uint64_t now);
/* The connection ended at `now`. */
void answer_close(struct answer *answer, uint64_t now);
/* The digit at `at` of a run of `mark` in `text`, where the run holds `id` with leading zeros. */
char answer_digit(const char *text, size_t len, size_t at, char mark, unsigned id);

#endif
