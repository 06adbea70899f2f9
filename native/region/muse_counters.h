/*
 * Counters: whole cache lines for each process slot, so counting never contends; the reader adds
 * them up. Totals never go down: a slot whose process is gone is taken over with its counts.
 */
#ifndef MUSE_COUNTERS_H
#define MUSE_COUNTERS_H

#include "muse_region.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MUSE_COUNTER_SLOTS 512

typedef enum {
    MUSE_COUNT_REQUESTS = 0, /* requests for pages that are enabled */
    MUSE_COUNT_HITS,         /* answered from the store, fresh */
    MUSE_COUNT_STALE,        /* answered from the store, stale */
    MUSE_COUNT_MISSES,       /* handed to an engine */
    MUSE_COUNT_LIMITED,      /* over the client's limit */
    MUSE_COUNT_ERRORS,       /* answered with a status of 500 and above, or broken off */
    MUSE_COUNT_ABANDONED,    /* the client left before the end */
    MUSE_COUNT_COMPLETIONS,  /* provider calls that were started (the engine's) */
    MUSE_COUNT_FAILURES,     /* provider calls that failed (the engine's) */
    MUSE_COUNTERS            /* how many there are; at most 16 */
} muse_counter;

/* A process's slot. Slot 0 is shared and always there: what to use when all others are taken. */
typedef uint32_t muse_counter_slot;

/*
 * A slot for this process: the one that it has already, else one that is free or whose process is
 * gone; 0 when there is none. A process that forks claims one for the child, in the child.
 */
muse_counter_slot muse_counters_claim(muse_region *region);

void muse_counters_add(muse_region *region, muse_counter_slot slot, muse_counter counter,
                       uint64_t n);

/* Sums of all slots into totals[MUSE_COUNTERS]. */
void muse_counters_sum(const muse_region *region, uint64_t totals[MUSE_COUNTERS]);

#ifdef __cplusplus
}
#endif
#endif
