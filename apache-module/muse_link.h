/*
 * Connections from this httpd child to the engines. One carries one request at a time and is kept
 * for the next. Idle ones are held in a stack for each engine, so that few stay in use.
 */
#ifndef MUSE_LINK_H
#define MUSE_LINK_H

#include <httpd.h>

typedef struct {
    int fd;     /* Unix stream socket, non-blocking, close-on-exec */
    int engine; /* index */
    int reused; /* it has carried a request before: a failure may only mean that it grew old */
} muse_link;

/* Child, child_init. */
void muse_link_child(apr_pool_t *pchild, server_rec *s);

/*
 * A connection to the engine: an idle one unless `fresh`, else a new one. 0, or an errno: EAGAIN
 * when the engine's backlog is full. Never waits.
 */
int muse_link_open(int engine, int fresh, muse_link *link);

/* Gives the connection back after a whole answer. */
void muse_link_keep(muse_link *link);

/* Closes it; the engine takes that as the visitor having left. */
void muse_link_close(muse_link *link);

#endif
