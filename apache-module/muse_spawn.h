/* Starting one engine: the program, its descriptors and its environment. */
#ifndef MUSE_SPAWN_H
#define MUSE_SPAWN_H

#include <sys/types.h>

#include <httpd.h>

typedef struct {
    pid_t pid;
    int log;        /* what the engine writes to stdout and stderr; non-blocking */
    int control;    /* socket pair: settings and orders there, "ready" back; -1 once closed */
    char *settings; /* to be freed; NULL once all of them are sent */
    size_t sent;    /* how much of them is */
} muse_child;

/*
 * Starts engine `index` and sends it as much of its settings as there is room for. NULL when it was
 * started; else a sentence that says what to do, and *child is all zero. p is for the time of the
 * call.
 */
const char *muse_spawn(apr_pool_t *p, server_rec *s, int index, int listener, int region_fd,
                       muse_child *child);

/* Sends on what is left of the settings, as far as there is room: this never waits. */
void muse_spawn_tell(muse_child *child);

#endif
