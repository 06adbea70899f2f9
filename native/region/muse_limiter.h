/*
 * The rate limiter: GCRA (the generic cell rate algorithm, ITU-T I.371), one theoretical arrival
 * time (TAT) for each client, taken by compare-and-swap. Exact over all threads and processes.
 *
 * A client is a 64-bit keyed hash (SipHash-2-4 under a random key of the region) of the bytes that
 * the caller gives. A known client is taken from without any lock; a new one is entered under its
 * bucket's claim word, which is taken over from an owner that died. When a bucket is full, the
 * client that has been idle longest in it gives way.
 */
#ifndef MUSE_LIMITER_H
#define MUSE_LIMITER_H

#include "muse_region.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
    uint32_t per_minute; /* sustained requests a minute, 1 … 1,000,000 */
    uint32_t burst;      /* requests at once after a long pause, 1 … 1,000,000 */
} muse_limit;

typedef struct {
    int allowed;          /* 1: one request was taken; 0: nothing was taken */
    uint32_t remaining;   /* requests that would be allowed right now after this one */
    uint64_t retry_after; /* nanoseconds until one would be allowed; 0 when allowed */
    uint64_t reset_after; /* nanoseconds until the full burst is there again */
} muse_limit_result;

/*
 * One take by the client named by id[0 … id_len), 1 to 248 bytes, at now_ns (muse_clock_ns()).
 * Clients under different limits are different clients. MUSE_OK with *result, or MUSE_EINVAL. A
 * known client never waits; a new one whose bucket's claim can't be had within 20 ms passes
 * uncounted (allowed 1), since refusing a visitor for our own trouble would be worse.
 */
muse_status muse_limiter_take(muse_region *region, const void *id, size_t id_len, uint64_t now_ns,
                              const muse_limit *limit, muse_limit_result *result);

#ifdef __cplusplus
}
#endif
#endif
