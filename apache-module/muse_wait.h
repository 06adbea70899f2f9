/* Drives a stream on the thread that asks, which waits for as long as the page takes. */
#ifndef MUSE_WAIT_H
#define MUSE_WAIT_H

#include "muse_stream.h"

/*
 * Blocks until the stream, which waits for `want`, is done or the visitor has left. The handler's
 * return value.
 */
int muse_wait_run(request_rec *r, muse_stream *stream, muse_stream_want want);

#endif
