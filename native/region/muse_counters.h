/*
 * Counters and histograms: whole cache lines for each process slot, so counting never contends; the
 * reader adds them up. Totals never go down: a slot whose process is gone is taken over with its
 * counts.
 */
#ifndef MUSE_COUNTERS_H
#define MUSE_COUNTERS_H

#include "muse_region.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MUSE_COUNTER_SLOTS 512

typedef enum {
    /* What became of a request for a page: each request is one of these, when it has ended. */
    MUSE_COUNT_HITS = 0, /* answered from the cache, fresh */
    MUSE_COUNT_STALE,    /* answered from the cache, stale */
    MUSE_COUNT_JOINED,   /* answered with what was being written for another already */
    MUSE_COUNT_MISSES,   /* answered with what was written for it */
    MUSE_COUNT_RETURNED, /* came back for an answer that was counted when it was asked for */
    MUSE_COUNT_LIMITED,  /* over the client's limit */
    MUSE_COUNT_ERRORS,   /* answered with an error status by an engine or for it, or broken off */
    MUSE_OUTCOMES,
    MUSE_COUNT_ABANDONED = MUSE_OUTCOMES, /* the client left before the end, whatever it got */
    MUSE_COUNT_COMPLETIONS,               /* provider calls that were started (the engine's) */
    MUSE_COUNT_FAILURES,                  /* provider calls that failed (the engine's) */
    MUSE_COUNTERS                         /* how many there are; at most 16 */
} muse_counter;

/* Times of the answers that came from an engine; those from the store take none to speak of. */
typedef enum {
    MUSE_TIME_FIRST_BYTE = 0, /* until the answer began */
    MUSE_TIME_TOTAL,          /* until it had ended */
    MUSE_HISTOGRAMS
} muse_histogram;

#define MUSE_BUCKETS 12 /* the last one is for all that is above the bounds */

/* Upper bounds in milliseconds, inclusive, of all buckets but the last. */
extern const uint32_t muse_bucket_bounds[MUSE_BUCKETS - 1];

typedef struct {
    uint64_t buckets[MUSE_BUCKETS]; /* not cumulative */
    uint64_t sum;                   /* microseconds */
} muse_times;

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

/* One time, in microseconds. */
void muse_histogram_add(muse_region *region, muse_counter_slot slot, muse_histogram histogram,
                        uint64_t microseconds);

/* Sums of all slots. */
void muse_histogram_sum(const muse_region *region, muse_histogram histogram, muse_times *times);

#ifdef __cplusplus
}
#endif
#endif
