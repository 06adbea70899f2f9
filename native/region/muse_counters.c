#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "muse_layout.h"

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
