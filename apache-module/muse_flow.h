/*
 * Output that never waits for the visitor. On a connection whose request is suspended, a filter
 * above httpd's core takes the flushes away and offers the socket what it can take at once. What
 * it can't take stays with the core and shows in muse_flow_pending; whoever sends then waits
 * until the socket can be written, and pushes. It works below every other filter, TLS too, since
 * all of them end there.
 */
#ifndef MUSE_FLOW_H
#define MUSE_FLOW_H

#include <httpd.h>

/* When hooks are registered. */
void muse_flow_register(void);

/* From this request on nothing on its connection waits. Once for each connection. */
void muse_flow_add(request_rec *r);

/* on 0: flushes wait again, as usual, for an answer that somebody else sends; 1: they don't. */
void muse_flow_set(conn_rec *c, int on);

/* Offers the socket what the core holds. An error means that the visitor has left. */
apr_status_t muse_flow_push(conn_rec *c);

/* Whether the core holds something that the socket did not take. */
int muse_flow_pending(const conn_rec *c);

/*
 * Bytes that may be passed on while nothing is pending. The core holds these, but would wait for
 * the visitor with more than FlushMaxThreshold.
 */
apr_size_t muse_flow_room(const conn_rec *c);

#endif
