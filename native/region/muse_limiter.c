/*
 * GCRA with an interval T = 60 s / per_minute and a tolerance of burst × T: a request at `now`
 * conforms when max(TAT, now) + T <= now + burst × T, and that sum is the new TAT.
 *
 *   a bucket:  | claim | id TAT | id TAT | id TAT | id TAT | id TAT | id TAT | id TAT | pad |
 *
 * A slot's TAT only grows while it has one client, and whoever gives the slot to another client
 * first marks the TAT (bit 63). So a take that read the old client's TAT fails its compare-and-swap
 * and looks again: no request is charged to the wrong client. Only the holder of the claim gives
 * slots away. A marked slot that the next holder finds was left by one that died; it is free.
 */
#include <string.h>
#include <time.h>

#include "muse_layout.h"
#include "muse_limiter.h"
#include "muse_siphash.h"

static const uint64_t MARK = UINT64_C(1) << 63;

enum {
    SPINS = 100,          /* looks at a bucket at once; then with pauses, */
    WAIT_MS = 20,         /* for so long, and then a request passes uncounted */
    CLAIM_STALE_MS = 1000 /* a claim that is older was left by a process that died */
};

/* No clock is ahead of another by this much: a TAT beyond it is nonsense, and counts as idle. */
static const uint64_t SKEW_MOST = UINT64_C(60000000000);

static const uint32_t LIMIT_MOST = 1000000;

typedef struct {
    uint64_t interval;  /* ns */
    uint64_t tolerance; /* ns */
    uint64_t now;       /* ns */
} gcra;

/* The TAT after a take at rule->now, or 0 when it does not conform. */
static uint64_t next_tat(const gcra *rule, uint64_t tat)
{
    const uint64_t most = rule->now + rule->tolerance + SKEW_MOST;
    const uint64_t from = tat > rule->now && tat <= most ? tat : rule->now;
    const uint64_t next = from + rule->interval;

    return next <= rule->now + rule->tolerance ? next : 0;
}

static void report(const gcra *rule, uint64_t tat, int allowed, muse_limit_result *result)
{
    const uint64_t ahead = tat > rule->now ? tat - rule->now : 0;

    result->allowed = allowed;
    result->reset_after = ahead;
    result->remaining =
        ahead >= rule->tolerance ? 0 : (uint32_t)((rule->tolerance - ahead) / rule->interval);
    result->retry_after = allowed ? 0 : ahead + rule->interval - rule->tolerance;
}

/* The slot of a client, or -1. */
static int slot_of(muse_limit_bucket *bucket, uint64_t id)
{
    int i;

    for (i = 0; i < MUSE_BUCKET_CLIENTS; i++) {
        if (atomic_load_explicit(&bucket->clients[i].id, memory_order_acquire) == id) {
            return i;
        }
    }
    return -1;
}

static int is_marked(muse_limit_bucket *bucket, int slot)
{
    return (atomic_load_explicit(&bucket->clients[slot].tat, memory_order_acquire) & MARK) != 0;
}

/* 1: decided. 0: the slot changed hands, or another take came first: look again. */
static int take_known(muse_limit_bucket *bucket, int slot, uint64_t id, const gcra *rule,
                      muse_limit_result *result)
{
    muse_word *word = &bucket->clients[slot].tat;
    uint64_t tat = atomic_load_explicit(word, memory_order_acquire);
    uint64_t next;

    /* The id is read after the TAT: a slot given away since has another TAT than the one read. */
    if ((tat & MARK) ||
        atomic_load_explicit(&bucket->clients[slot].id, memory_order_acquire) != id) {
        return 0;
    }
    next = next_tat(rule, tat);
    if (!next) {
        report(rule, tat, 0, result);
        return 1;
    }
    if (!atomic_compare_exchange_strong_explicit(word, &tat, next, memory_order_acq_rel,
                                                 memory_order_acquire)) {
        return 0;
    }
    report(rule, next, 1, result);
    return 1;
}

/* 1: the bucket is ours to give slots away, until unclaim. */
static int claim(muse_limit_bucket *bucket, uint64_t *mine)
{
    uint64_t held = atomic_load_explicit(&bucket->claim, memory_order_acquire);
    const uint64_t now = muse_clock_ms();

    *mine = now;
    return (held == 0 || held + CLAIM_STALE_MS < now || held > now + CLAIM_STALE_MS) &&
           atomic_compare_exchange_strong_explicit(&bucket->claim, &held, now, memory_order_acq_rel,
                                                   memory_order_acquire);
}

/* Gives up the claim, unless it went to another because it took too long. */
static void unclaim(muse_limit_bucket *bucket, uint64_t mine)
{
    (void)atomic_compare_exchange_strong_explicit(&bucket->claim, &mine, 0, memory_order_acq_rel,
                                                  memory_order_acquire);
}

/* The slot to give away: one left marked, or the one with the oldest TAT; a free one has 0. */
static int victim(muse_limit_bucket *bucket)
{
    uint64_t oldest = UINT64_MAX;
    int slot = 0;
    int i;

    for (i = 0; i < MUSE_BUCKET_CLIENTS; i++) {
        const uint64_t tat = atomic_load_explicit(&bucket->clients[i].tat, memory_order_acquire);

        if (tat & MARK) {
            return i;
        }
        if (tat < oldest) {
            oldest = tat;
            slot = i;
        }
    }
    return slot;
}

/* Enters a new client with its first take, under the claim. 1: decided. 0: look again. */
static int enter(muse_limit_bucket *bucket, uint64_t id, const gcra *rule,
                 muse_limit_result *result)
{
    const int known = slot_of(bucket, id);
    const int slot = known >= 0 ? known : victim(bucket);
    uint64_t tat = atomic_load_explicit(&bucket->clients[slot].tat, memory_order_acquire);
    uint64_t first = rule->now + rule->interval;

    if (known >= 0 && !(tat & MARK)) {
        return 0; /* another entered it in the meantime */
    }
    if (!atomic_compare_exchange_strong_explicit(&bucket->clients[slot].tat, &tat, tat | MARK,
                                                 memory_order_acq_rel, memory_order_acquire)) {
        return 0; /* the victim came back just now */
    }
    /* Never the TAT that the old client had, or a take of its could pass for one of the new. */
    first -= first == tat;
    atomic_store_explicit(&bucket->clients[slot].id, id, memory_order_release);
    atomic_store_explicit(&bucket->clients[slot].tat, first, memory_order_release);
    report(rule, first, 1, result);
    return 1;
}

static int take_new(muse_limit_bucket *bucket, uint64_t id, const gcra *rule,
                    muse_limit_result *result)
{
    uint64_t mine;
    int decided;

    if (!claim(bucket, &mine)) {
        return 0;
    }
    decided = enter(bucket, id, rule, result);
    unclaim(bucket, mine);
    return decided;
}

/* Gives whoever is in the way time to finish. 0: it has had enough of it. */
static int wait_a_little(uint64_t *until)
{
    const struct timespec pause = {.tv_nsec = 100 * 1000};
    const uint64_t now = muse_clock_ms();

    if (!*until) {
        *until = now + WAIT_MS;
    }
    (void)nanosleep(&pause, NULL);
    return now < *until;
}

muse_status muse_limiter_take(muse_region *region, const void *id, size_t id_len, uint64_t now_ns,
                              const muse_limit *limit, muse_limit_result *result)
{
    uint8_t name[256];
    uint64_t hash;
    muse_limit_bucket *bucket;
    gcra rule;
    uint64_t until = 0;
    int tries = 0;

    if (id_len == 0 || id_len > sizeof name - sizeof *limit || limit->per_minute < 1 ||
        limit->per_minute > LIMIT_MOST || limit->burst < 1 || limit->burst > LIMIT_MOST ||
        now_ns >= MARK / 2) {
        return MUSE_EINVAL;
    }
    memcpy(name, limit, sizeof *limit);
    memcpy(name + sizeof *limit, id, id_len);
    hash = muse_siphash(region->header->hash_key, name, sizeof *limit + id_len);
    hash = hash ? hash : 1;
    /* The high half picks the bucket: a multiplication spreads it evenly over any count. */
    bucket = &region->buckets[(hash >> 32) * region->bucket_count >> 32];
    rule.interval = UINT64_C(60000000000) / limit->per_minute;
    rule.tolerance = rule.interval * limit->burst;
    rule.now = now_ns;
    do {
        const int slot = slot_of(bucket, hash);

        /* A client whose slot is marked is being entered, or was when the one who did it died. */
        if (slot >= 0 && !is_marked(bucket, slot) ? take_known(bucket, slot, hash, &rule, result)
                                                  : take_new(bucket, hash, &rule, result)) {
            return MUSE_OK;
        }
    } while (++tries < SPINS || wait_a_little(&until));
    report(&rule, 0, 1, result);
    return MUSE_OK;
}
