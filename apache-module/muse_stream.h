/*
 * One page's way from an engine to the visitor, as a machine that never waits for the engine:
 * each step does what can be done now and says what it waits for. Whoever drives it decides where
 * the waiting happens.
 *
 *   connect → send the request → read the head → pass on the body → done
 *      ▲                              │
 *      └── the engine left before ────┘ its first byte, or refused: once more
 */
#ifndef MUSE_STREAM_H
#define MUSE_STREAM_H

#include "muse_request.h"

typedef enum {
    MUSE_STREAM_READ,  /* until muse_stream_fd can be read */
    MUSE_STREAM_WRITE, /* until it can be written */
    MUSE_STREAM_PAUSE, /* a few milliseconds */
    MUSE_STREAM_DRAIN, /* until the visitor has taken what was passed on; only when detached */
    MUSE_STREAM_DONE   /* muse_stream_result says how it ended */
} muse_stream_want;

typedef struct muse_stream muse_stream;

/* In r->pool, whose clean-up closes its connection. */
muse_stream *muse_stream_create(const muse_request *q);

/* The engine's socket; changes when the engine is asked again; -1 while there is none. */
int muse_stream_fd(const muse_stream *stream);

/*
 * Goes on as far as it can without waiting for the engine. Passes what has come to the output
 * filters and flushes, which may wait for the visitor unless it is detached. Ends after a while,
 * so that others get their turn.
 */
muse_stream_want muse_stream_step(muse_stream *stream);

/*
 * Whether the answer is there to its end, unread, so that the next step would be the last. Changes
 * nothing.
 */
int muse_stream_is_whole(const muse_stream *stream);

/*
 * To be called while nothing comes: gives up when the engine is down, hangs, or has used up its
 * time. MUSE_STREAM_DONE then, else what it waits for, as before.
 */
muse_stream_want muse_stream_check(muse_stream *stream);

/* Whether muse_stream_check would give up now. Changes nothing. */
int muse_stream_is_overdue(const muse_stream *stream);

/* How often muse_stream_check wants to be called, in milliseconds. */
int muse_stream_patience(const muse_stream *stream);

/*
 * Before its answer begins: from now on a step doesn't wait for the visitor either (the connection
 * has muse_flow), and the answer is the connection's last.
 */
void muse_stream_detach(muse_stream *stream);

/* For so many milliseconds it waited for the visitor, which is not the engine's fault. */
void muse_stream_forgive(muse_stream *stream, uint64_t ms);

/* The visitor has left: the engine is told, the provider's call ends with its last reader. */
void muse_stream_abandon(muse_stream *stream);

/* After MUSE_STREAM_DONE: what it ended with, an HTTP status or OK. */
int muse_stream_result(const muse_stream *stream);

/* After MUSE_STREAM_DONE, once: what the handler returns, as the request settles it. */
int muse_stream_settle(const muse_stream *stream);

#endif
