/*
 * The visitor's side of a stream: an engine's answer, in CGI form (RFC 3875, section 6), on its
 * way into httpd's output filters. Every call that passes something on may wait for the visitor,
 * unless muse_flow sees to it that none does.
 */
#ifndef MUSE_ANSWER_H
#define MUSE_ANSWER_H

#include <apr_buckets.h>

#include "muse_request.h"

typedef enum {
    MUSE_ANSWER_TAKEN,
    MUSE_ANSWER_MALFORMED, /* the head is no CGI head, or too long */
    MUSE_ANSWER_LEFT       /* the visitor has left */
} muse_answer_status;

/* Owned by r->pool, used by the thread that works on r. To be read, not written, by others. */
typedef struct {
    const muse_request *q;
    char *head; /* of one that comes in pieces: what there is; grows in r->pool */
    apr_size_t head_length;
    apr_size_t head_room;
    apr_bucket_brigade *body; /* not yet passed on */
    int begun;   /* the head is whole and has a page behind it: the visitor has its beginning */
    int last;    /* nothing follows on this connection, which the head has to say */
    int refused; /* the head is whole and has a status of 300 and above for the handler; else 0 */
} muse_answer;

void muse_answer_init(muse_answer *answer, const muse_request *q);

/*
 * Takes a piece of head and body. What is behind a refusal's head is dropped. The bytes are not
 * copied: they have to stay where they are until muse_answer_flush or _end.
 */
muse_answer_status muse_answer_take(muse_answer *answer, const char *data, apr_size_t length);

/* Sends what has been taken on its way. */
muse_answer_status muse_answer_flush(muse_answer *answer);

/* The page is whole. */
muse_answer_status muse_answer_end(muse_answer *answer);

/*
 * Ends a page that is not whole, so that no cache keeps it. notice: nothing in the page tells the
 * visitor so yet. On HTTP/2 this waits a moment.
 */
void muse_answer_break_off(muse_answer *answer, int notice);

#endif
