#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "muse_layout.h"

const uint32_t muse_bucket_bounds[MUSE_BUCKETS - 1] = {50,   100,   250,   500,   1000,  2500,
                                                       5000, 10000, 30000, 60000, 120000};

static int is_gone(uint32_t pid)
{
    return kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

muse_counter_slot muse_counters_claim(muse_region *region)
{
    _Atomic(uint32_t) *pids = region->counters->pids;
    const uint32_t self = (uint32_t)getpid();
    uint32_t i;

    for (i = 1; i < MUSE_COUNTER_SLOTS; i++) {
        if (atomic_load(&pids[i]) == self) {
            return i;
        }
    }
    for (i = 1; i < MUSE_COUNTER_SLOTS; i++) {
        uint32_t pid = atomic_load(&pids[i]);

        if ((pid == 0 || pid > INT32_MAX || is_gone(pid)) &&
            atomic_compare_exchange_strong(&pids[i], &pid, self)) {
            return i;
        }
    }
    return 0;
}

void muse_counters_add(muse_region *region, muse_counter_slot slot, muse_counter counter,
                       uint64_t n)
{
    if (slot < MUSE_COUNTER_SLOTS && (unsigned)counter < MUSE_COUNTERS) {
        atomic_fetch_add_explicit(&region->counters->slots[slot].counts[counter], n,
                                  memory_order_relaxed);
    }
}

void muse_counters_sum(const muse_region *region, uint64_t totals[MUSE_COUNTERS])
{
    uint32_t i;
    uint32_t c;

    memset(totals, 0, MUSE_COUNTERS * sizeof *totals);
    for (i = 0; i < MUSE_COUNTER_SLOTS; i++) {
        for (c = 0; c < MUSE_COUNTERS; c++) {
            totals[c] +=
                atomic_load_explicit(&region->counters->slots[i].counts[c], memory_order_relaxed);
        }
    }
}

void muse_histogram_add(muse_region *region, muse_counter_slot slot, muse_histogram histogram,
                        uint64_t microseconds)
{
    muse_histogram_words *words;
    uint32_t b = 0;

    if (slot >= MUSE_COUNTER_SLOTS || (unsigned)histogram >= MUSE_HISTOGRAMS) {
        return;
    }
    words = &region->counters->slots[slot].times[histogram];
    while (b < MUSE_BUCKETS - 1 && microseconds > (uint64_t)muse_bucket_bounds[b] * 1000) {
        b++;
    }
    atomic_fetch_add_explicit(&words->buckets[b], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&words->sum, microseconds, memory_order_relaxed);
}

void muse_histogram_sum(const muse_region *region, muse_histogram histogram, muse_times *times)
{
    uint32_t i;
    uint32_t b;

    memset(times, 0, sizeof *times);
    for (i = 0; i < MUSE_COUNTER_SLOTS && (unsigned)histogram < MUSE_HISTOGRAMS; i++) {
        muse_histogram_words *words = &region->counters->slots[i].times[histogram];

        for (b = 0; b < MUSE_BUCKETS; b++) {
            times->buckets[b] += atomic_load_explicit(&words->buckets[b], memory_order_relaxed);
        }
        times->sum += atomic_load_explicit(&words->sum, memory_order_relaxed);
    }
}
