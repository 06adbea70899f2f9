/*
 * The supervisor: a process between httpd's parent and the engines.
 *
 * It starts the engines as `User`, writes what they say to the error log, and starts the next one
 * when one ends. It is a process of its own because httpd's parent looks after its children only
 * about once a second, and must neither wait nor drop its privileges.
 *
 *   httpd parent ──lifeline──▶ supervisor ──control, log──▶ engine 0 … n-1
 *
 * The lifeline is a socket pair. The parent writes 'r' before a restart and closes its end when
 * it ends; end of file is the order to drain: the engines finish their streams and end. On a
 * graceful restart the next supervisor inherits the old one's lifeline and ends it once its own
 * engines serve, so a reload leaves no moment without an engine.
 */
#ifndef MUSE_SUPERVISOR_H
#define MUSE_SUPERVISOR_H

#include <stdint.h>

#include <httpd.h>

#include "muse_region.h"

enum {
    MUSE_BACKOFF_MOST = 10000, /* ms */
    MUSE_PROVEN_AFTER = 5000,  /* ms of service after which a process counts as sound */
};

/* The ms to wait after so many ends in a row: 100 after one, doubled each time up to `most`. */
uint64_t muse_supervisor_backoff(unsigned ends, uint64_t most);

typedef struct {
    server_rec *server;
    muse_region *region;
    const int *listeners; /* listening sockets, one an engine */
    int engines;
    int wait;              /* ms before it begins, since the ones before it ended too soon */
    const char *state_dir; /* NULL: there is none */
    int lifeline;          /* the end to watch */
    int previous_lifeline; /* the old supervisor's, to close once all engines serve; or -1 */
} muse_supervisor_plan;

/* In the forked process: runs until the engines have ended, then leaves the process. */
void muse_supervisor_run(apr_pool_t *p, const muse_supervisor_plan *plan) __attribute__((noreturn));

#endif
