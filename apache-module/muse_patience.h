/* Which engine a request waits for, and for how long. */
#ifndef MUSE_PATIENCE_H
#define MUSE_PATIENCE_H

#include "muse_request.h"

/*
 * The engine for this page: that of its key, or the next one that is up when that one is not. None
 * of `gone`, which has a bit for each, if there is another. What is deferred no other engine has:
 * one that stands still has it still.
 */
int muse_patience_engine(const muse_request *q, unsigned gone);

typedef struct {
    int engine;          /* index of the one that is waited for */
    uint64_t since;      /* muse_clock_ms */
    int answered;        /* whether the first byte of its answer has come */
    uint64_t refused_at; /* muse_clock_ms, first by one of another configuration; 0: not */
} muse_waiting;

typedef enum {
    MUSE_IN_TIME,
    MUSE_OUT_OF_TIME,    /* MuseAiTimeout is over */
    MUSE_ENGINE_STUCK,   /* it runs and does not move */
    MUSE_ENGINE_AWAY,    /* it does not run */
    MUSE_ENGINES_STRANGE /* those that run are of another configuration */
} muse_lateness;

/* Never waits. Any thread. */
muse_lateness muse_patience_find(const muse_request *q, const muse_waiting *waiting);

#endif
