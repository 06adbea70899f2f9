/* Drives a stream on the thread that asks, which waits for as long as the page takes. */
#ifndef MUSE_WAIT_H
#define MUSE_WAIT_H

#include "muse_stream.h"

/*
 * Blocks until the stream, which waits for `want`, is done or the visitor has left. The handler's
 * return value.
 */
int muse_wait_run(request_rec *r, muse_stream *stream, muse_stream_want want);

/*
 * Waits a moment for an answer that comes at once and whole: what the engine has in its own cache,
 * what HEAD is told, what a quick model writes. To suspend the request for it would cost more than
 * the thread, and the connection. What the stream waits for then; never in the middle of an answer.
 */
muse_stream_want muse_wait_moment(request_rec *r, muse_stream *stream, muse_stream_want want);

#endif
