/* The page store against a naive model, with random operations. */
#include <pthread.h>

#include "muse_shard.h"
#include "store_help.h"

enum { KEYS = 400, SHARDS = 4, OPERATIONS = 60000 };

/* What the last put of a key was. */
typedef struct {
    int put; /* since then neither removed nor cleared */
    uint32_t length;
    uint8_t fill;
    uint64_t turn; /* when; entries of a shard go in this order */
} model_entry;

typedef struct {
    muse_region *region;
    uint64_t random;
    uint64_t turn;
    model_entry entries[SHARDS][KEYS];
} model;

/* Lengths of pages and aliases, with the extremes more often than chance would have them. */
static uint32_t random_length(model *m)
{
    const uint32_t most = m->region->ring_units / 4 * MUSE_UNIT - (uint32_t)sizeof(muse_record) - 2;

    switch (test_below(&m->random, 10)) {
    case 0:
        return (uint32_t)test_below(&m->random, 3);
    case 1:
        return most - (uint32_t)test_below(&m->random, 3);
    case 2:
        return most + 1 + (uint32_t)test_below(&m->random, 3);
    case 3:
    case 4:
        return (uint32_t)test_below(&m->random, most);
    default:
        return (uint32_t)test_below(&m->random, 600);
    }
}

static void check_one(model *m, uint8_t shard, uint32_t n, int *found)
{
    const model_entry *entry = &m->entries[shard][n];
    const muse_key key = key_in(shard, n);

    if (entry->put) {
        *found = has_filled(m->region, &key, entry->length, entry->fill);
    } else {
        *found = 0;
        CHECK(!has_filled(m->region, &key, entry->length, entry->fill));
    }
}

/* In every shard just the latest puts are there, none that is older than one that is gone. */
static void check_all(model *m)
{
    uint64_t entries = 0;
    uint8_t shard;
    uint32_t n;

    for (shard = 0; shard < SHARDS; shard++) {
        uint64_t oldest_there = UINT64_MAX;
        uint64_t youngest_gone = 0;

        for (n = 0; n < KEYS; n++) {
            const model_entry *entry = &m->entries[shard][n];
            int found;

            check_one(m, shard, n, &found);
            entries += (uint64_t)found;
            if (found && entry->turn < oldest_there) {
                oldest_there = entry->turn;
            }
            if (entry->put && !found && entry->turn > youngest_gone) {
                youngest_gone = entry->turn;
            }
        }
        CHECK(youngest_gone < oldest_there);
    }
    CHECK_EQUAL(stats_of(m->region).entries, entries);
    CHECK(stats_of(m->region).bytes_used <= stats_of(m->region).bytes_total);
}

static void operate(model *m)
{
    const uint8_t shard = (uint8_t)test_below(&m->random, SHARDS);
    const uint32_t n = (uint32_t)test_below(&m->random, KEYS);
    const muse_key key = key_in(shard, n);
    model_entry *entry = &m->entries[shard][n];
    const uint64_t what = test_below(&m->random, 100);
    int found;

    m->turn++;
    if (what < 50) {
        const uint32_t length = random_length(m);
        const uint8_t fill = (uint8_t)test_random(&m->random);
        const int fits = muse_shard_units(2, length) <= m->region->ring_units / 4;

        CHECK_EQUAL(put_filled(m->region, &key, length, fill), fits ? MUSE_OK : MUSE_TOO_LARGE);
        *entry = (model_entry){fits, length, fill, m->turn};
        check_one(m, shard, n, &found);
        CHECK_EQUAL(found, fits);
    } else if (what < 90) {
        check_one(m, shard, n, &found);
    } else if (what < 99 || test_below(&m->random, 50)) {
        check_one(m, shard, n, &found);
        CHECK_EQUAL(muse_store_remove(m->region, &key), found ? MUSE_OK : MUSE_MISS);
        entry->put = 0;
    } else {
        muse_store_clear(m->region);
        memset(m->entries, 0, sizeof m->entries);
    }
}

TEST(random_operations_agree_with_a_naive_model)
{
    model *m = calloc(1, sizeof *m);
    int i;

    CHECK(m);
    m->region = test_region(1 << 20, SHARDS, 64);
    m->random = test_seed();
    for (i = 0; i < OPERATIONS; i++) {
        operate(m);
        if (i % 500 == 0) {
            check_all(m);
        }
    }
    CHECK(stats_of(m->region).evicted > 0);
    muse_region_detach(m->region);
    free(m);
}

typedef struct {
    muse_region *region;
    uint64_t random;
} worker;

/* All workers use the same few keys; the length of an entry follows from its fill. */
static void *work(void *argument)
{
    worker *w = argument;
    int i;

    for (i = 0; i < 20000; i++) {
        const muse_key key =
            key_in((uint8_t)test_below(&w->random, 2), (uint32_t)test_below(&w->random, 50));
        const uint8_t fill = (uint8_t)test_random(&w->random);
        muse_entry_info info;
        uint8_t *bytes;
        uint32_t b;

        if (i % 3 == 0) {
            const muse_status status = put_filled(w->region, &key, fill * 7u, fill);

            /* Where the machine is very busy, the lock's time may be up. */
            CHECK(status == MUSE_OK || (status == MUSE_ESYSTEM && errno == ETIMEDOUT));
        } else if (muse_store_get(w->region, &key, 1500, &info, test_alloc, NULL, &bytes) ==
                   MUSE_OK) {
            CHECK_EQUAL(info.head_len, 2);
            if (info.body_len) {
                CHECK_EQUAL(info.body_len, bytes[2] * 7u);
            }
            for (b = 3; b < info.body_len + 2; b++) {
                CHECK_EQUAL(bytes[b], bytes[2]);
            }
            free(bytes);
        }
    }
    return NULL;
}

TEST(threads_never_see_a_mixture_of_two_entries)
{
    muse_region *region = test_region(1 << 20, 16, 64);
    uint64_t seed = test_seed();
    pthread_t threads[4];
    worker workers[4];
    int i;

    for (i = 0; i < 4; i++) {
        workers[i] = (worker){region, test_random(&seed)};
        CHECK(pthread_create(&threads[i], NULL, work, &workers[i]) == 0);
    }
    for (i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    CHECK_EQUAL(stats_of(region).recovered, 0);
    muse_region_detach(region);
}

TESTS(CASE(random_operations_agree_with_a_naive_model),
      CASE(threads_never_see_a_mixture_of_two_entries))
