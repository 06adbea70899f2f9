/*
 * Drives a stream without a thread that waits: the request is suspended, and a thread of the MPM
 * comes only when there is something to do. On the event MPM, for a connection that has a socket
 * of its own; elsewhere muse_wait does.
 *
 * httpd 2.4 can't take a suspended connection back, so the answer is the connection's last. When
 * the visitor has it, what httpd does at the end of a request and of a connection is done here.
 */
#ifndef MUSE_SUSPEND_H
#define MUSE_SUSPEND_H

#include "muse_stream.h"

/* When hooks are registered. */
void muse_suspend_register(void);

/* Child, child_init. */
void muse_suspend_child(apr_pool_t *pchild, server_rec *s);

/*
 * Suspends the request of a stream that has not begun its answer. SUSPENDED, which the handler has
 * to return at once; or DECLINED: this request can't be.
 */
int muse_suspend_begin(request_rec *r, muse_stream *stream, muse_stream_want want);

/*
 * Drives a new stream to its end, without a thread that waits where that is possible. The handler's
 * return value.
 */
int muse_suspend_or_wait(request_rec *r, muse_stream *stream);

#endif
