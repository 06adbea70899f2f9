/*
 * A region that others write nonsense into, anywhere but in its mutexes: no crash, no hang, and no
 * access outside of the part that was asked for. With AddressSanitizer, all that a call has no
 * business with is poisoned.
 */
#include <pthread.h>
#include <sys/mman.h>

#include "muse_limiter.h"
#include "muse_shard.h"
#include "muse_snapshot.h"
#include "store_help.h"

#if __has_include(<sanitizer/asan_interface.h>)
#include <sanitizer/asan_interface.h> /* defines these as nothing without AddressSanitizer */
#else
#define ASAN_POISON_MEMORY_REGION(from, size) ((void)(from), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(from, size) ((void)(from), (void)(size))
#endif

enum { SHARD = 1, KEYS = 60 };

/* A region, and the same memory once more at another address, which is never poisoned. */
typedef struct {
    muse_region *region;
    uint8_t *bytes;
    size_t shard; /* offset of SHARD */
    uint64_t random;
} target;

static target new_target(void)
{
    target t = {.region = test_region(1 << 20, 4, 64), .random = test_seed()};
    void *bytes = mmap(NULL, t.region->bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
                       muse_region_fd(t.region), 0);

    CHECK(bytes != MAP_FAILED);
    t.bytes = bytes;
    t.shard =
        (size_t)(t.region->shards - (uint8_t *)t.region->header) + SHARD * t.region->shard_bytes;
    return t;
}

static void free_target(target *t)
{
    ASAN_UNPOISON_MEMORY_REGION(t->region->header, t->region->bytes);
    munmap(t->bytes, t->region->bytes);
    muse_region_detach(t->region);
}

/* Only [from, from + length) of the region may be touched from now on. */
static void allow_only(target *t, const void *from, size_t length)
{
    ASAN_POISON_MEMORY_REGION(t->region->header, t->region->bytes);
    ASAN_UNPOISON_MEMORY_REGION(from, length);
}

static void poke(target *t, size_t from, size_t length)
{
    uint8_t *byte = t->bytes + from + test_below(&t->random, length);

    switch (test_below(&t->random, 4)) {
    case 0:
        *byte ^= (uint8_t)(1u << test_below(&t->random, 8));
        break;
    case 1:
        *byte = 0;
        break;
    case 2:
        *byte = 0xff;
        break;
    default:
        *byte = (uint8_t)test_random(&t->random);
    }
}

/* Pokes where it hurts most: the ring state, the chains' heads, the records that there are. */
static void poke_shard(target *t)
{
    const size_t ring_state = t->shard + offsetof(muse_shard, ring);
    const size_t heads = t->shard + sizeof(muse_shard);
    const size_t ring = heads + t->region->heads * sizeof(uint32_t);

    switch (test_below(&t->random, 4)) {
    case 0:
        poke(t, ring_state, sizeof(muse_ring));
        break;
    case 1:
        poke(t, heads, t->region->heads * sizeof(uint32_t));
        break;
    case 2:
        poke(t, ring, 4 * sizeof(muse_record));
        break;
    default:
        poke(t, ring, t->region->ring_units * MUSE_UNIT);
    }
}

/* Copies whatever is there; the lengths must be those of an entry that could have been put. */
static void get(target *t, const muse_key *key)
{
    muse_entry_info info;
    uint8_t *bytes;

    if (muse_store_get(t->region, key, 1500, &info, test_alloc, NULL, &bytes) == MUSE_OK) {
        CHECK((uint64_t)info.head_len + info.body_len <= t->region->shard_bytes);
        free(bytes);
    }
}

static void use_shard(target *t)
{
    const muse_key key = key_in(SHARD, (uint32_t)test_below(&t->random, KEYS));
    const uint64_t what = test_below(&t->random, 20);

    if (what < 8) {
        const uint64_t most = test_below(&t->random, 8) ? 500 : 70000;
        const muse_status status =
            put_filled(t->region, &key, (uint32_t)test_below(&t->random, most), 'x');

        CHECK(status == MUSE_OK || status == MUSE_TOO_LARGE || status == MUSE_ESYSTEM);
    } else if (what < 17) {
        get(t, &key);
    } else if (what < 18) {
        (void)muse_store_claim(t->region, &key, 2500, 10);
    } else if (what < 19) {
        (void)muse_store_hold(t->region, &key, 2500, 10);
    } else {
        (void)muse_store_remove(t->region, &key);
    }
}

TEST(a_shard_full_of_nonsense_costs_entries_only)
{
    target t = new_target();
    int i;

    allow_only(&t, t.region->shards + SHARD * t.region->shard_bytes, t.region->shard_bytes);
    for (i = 0; i < 200000; i++) {
        uint64_t pokes = test_below(&t.random, 3);

        while (pokes-- > 0) {
            poke_shard(&t);
        }
        use_shard(&t);
    }
    free_target(&t);
}

/* The live record of a key that is there. */
static muse_record *record_of(muse_region *region, const muse_key *key)
{
    muse_shard_view shard;
    muse_found found;

    CHECK_EQUAL(muse_shard_open(region, key->bytes[0], &shard), 0);
    CHECK(muse_shard_find(&shard, key, &found));
    muse_shard_close(&shard);
    return (muse_record *)(void *)(shard.bytes + (size_t)found.offset * MUSE_UNIT);
}

TEST(a_record_with_any_byte_of_its_header_changed_is_a_miss)
{
    target t = new_target();
    const muse_key key = key_in(SHARD, 1);
    size_t i;

    for (i = 0; i < sizeof(muse_record); i++) {
        uint8_t *record;

        CHECK_EQUAL(put_filled(t.region, &key, 100, 'x'), MUSE_OK);
        record = (uint8_t *)record_of(t.region, &key);
        if (i >= offsetof(muse_record, next) && i < offsetof(muse_record, live)) {
            continue; /* for a single record the next one is no matter */
        }
        if (i >= offsetof(muse_record, live) && i < offsetof(muse_record, units)) {
            memset(record + offsetof(muse_record, live), 0, sizeof(uint32_t));
        } else {
            record[i] ^= 0x10;
        }
        CHECK(!has_filled(t.region, &key, 100, 'x'));
        CHECK_EQUAL(stats_of(t.region).entries, 0);
    }
    free_target(&t);
}

TEST(a_record_that_is_right_but_reaches_beyond_the_ring_is_a_miss)
{
    target t = new_target();
    muse_region *large = test_region(16 << 20, 4, 64);
    const muse_key key = key_in(SHARD, 1);

    CHECK_EQUAL(put_filled(large, &key, 900000, 'x'), MUSE_OK);
    CHECK_EQUAL(put_filled(t.region, &key, 100, 'x'), MUSE_OK);
    *record_of(t.region, &key) = *record_of(large, &key);
    allow_only(&t, t.region->shards + SHARD * t.region->shard_bytes, t.region->shard_bytes);
    CHECK(!has_filled(t.region, &key, 900000, 'x'));
    muse_region_detach(large);
    free_target(&t);
}

TEST(a_chain_in_a_circle_ends)
{
    target t = new_target();
    uint32_t n;

    for (n = 1; n <= KEYS; n++) {
        const muse_key key = key_in(SHARD, n << 16); /* all in one chain */

        CHECK_EQUAL(put_filled(t.region, &key, 10, 'x'), MUSE_OK);
    }
    {
        const muse_key first = key_in(SHARD, 1 << 16);
        const muse_key last = key_in(SHARD, KEYS << 16);
        const muse_key other = key_in(SHARD, (KEYS + 1) << 16);
        const uint8_t *ring = t.region->shards + SHARD * t.region->shard_bytes +
                              sizeof(muse_shard) + t.region->heads * sizeof(uint32_t);

        /* The end of the chain leads to its beginning. */
        record_of(t.region, &first)->next =
            (uint32_t)((size_t)((uint8_t *)record_of(t.region, &last) - ring) / MUSE_UNIT) + 1;
        CHECK(has_filled(t.region, &first, 10, 'x'));
        CHECK(!has_filled(t.region, &other, 10, 'x'));
    }
    CHECK_EQUAL(stats_of(t.region).entries, 0);
    free_target(&t);
}

typedef struct {
    target *target;
    uint64_t random;
    atomic_int stop;
} poker;

static void *poke_for_ever(void *argument)
{
    poker *p = argument;
    target mine = *p->target;

    mine.random = p->random;
    while (!atomic_load(&p->stop)) {
        poke_shard(&mine);
    }
    return NULL;
}

TEST(nonsense_written_while_a_call_is_under_way_does_no_more)
{
    target t = new_target();
    poker p = {.target = &t, .random = test_random(&t.random)};
    pthread_t thread;
    int i;

    allow_only(&t, t.region->shards + SHARD * t.region->shard_bytes, t.region->shard_bytes);
    CHECK(pthread_create(&thread, NULL, poke_for_ever, &p) == 0);
    for (i = 0; i < 100000; i++) {
        use_shard(&t);
    }
    atomic_store(&p.stop, 1);
    pthread_join(thread, NULL);
    free_target(&t);
}

static void fill_with_nonsense(target *t, const void *part, size_t length)
{
    uint8_t *bytes = t->bytes + ((const uint8_t *)part - (const uint8_t *)t->region->header);
    size_t i;

    for (i = 0; i + 8 <= length; i += 8) {
        uint64_t word = test_random(&t->random);

        if (test_below(&t->random, 4) == 0) {
            word = test_below(&t->random, 300);
        }
        memcpy(bytes + i, &word, sizeof word);
    }
}

TEST(a_limiter_full_of_nonsense_answers_and_heals)
{
    target t = new_target();
    const size_t length = t.region->bucket_count * sizeof(muse_limit_bucket);
    const muse_limit limit = {60, 3};
    int round;

    allow_only(&t, t.region->buckets, length);
    ASAN_UNPOISON_MEMORY_REGION(t.region->header, sizeof(muse_header));
    for (round = 0; round < 200; round++) {
        uint32_t client;

        fill_with_nonsense(&t, t.region->buckets, length);
        for (client = 0; client < 50; client++) {
            muse_limit_result result;

            CHECK_EQUAL(muse_limiter_take(t.region, &client, sizeof client, muse_clock_ns(), &limit,
                                          &result),
                        MUSE_OK);
            CHECK(result.remaining <= limit.burst);
            CHECK(result.reset_after <= UINT64_C(120000000000));
        }
    }
    free_target(&t);
}

TEST(a_model_table_full_of_nonsense_gives_terminated_names)
{
    target t = new_target();
    /* All but the mutex. */
    void *from = &t.region->models->generation;
    const size_t length = sizeof(muse_model_table) - offsetof(muse_model_table, generation);
    int round;

    allow_only(&t, t.region->models, sizeof(muse_model_table));
    for (round = 0; round < 500; round++) {
        muse_model model;
        size_t i;

        fill_with_nonsense(&t, from, length);
        /* Even, so that readers go on; odd ones make them give up. */
        for (i = 0; i < 2; i++) {
            if (round % 8) {
                uint64_t even = test_random(&t.random) & ~UINT64_C(1);
                size_t at = (size_t)((uint8_t *)&t.region->models->buffers[i].sequence -
                                     (uint8_t *)t.region->header);

                memcpy(t.bytes + at, &even, sizeof even);
            }
        }
        (void)muse_models_find(t.region, "gpt", 3, &model);
        if (muse_models_default(t.region, &model) == MUSE_OK) {
            CHECK(memchr(model.name, '\0', sizeof model.name));
        }
        for (i = 0; i < MUSE_MODELS_MAX + 2; i += 50) {
            if (muse_models_at(t.region, i, &model) == MUSE_OK) {
                CHECK(memchr(model.name, '\0', sizeof model.name));
            }
        }
        if (round % 100 == 0) {
            muse_model good = {.name = "good", .ttl = 5};

            CHECK_EQUAL(muse_models_publish(t.region, &good, 1, 0), MUSE_OK);
            CHECK_EQUAL(muse_models_find(t.region, "good", 4, &model), MUSE_OK);
            CHECK_EQUAL(model.ttl, 5);
        }
    }
    free_target(&t);
}

TEST(counters_and_engines_full_of_nonsense_are_read_and_written)
{
    target t = new_target();
    uint64_t totals[MUSE_COUNTERS];
    muse_engine_info info;
    uint32_t i;

    fill_with_nonsense(&t, t.region->counters, sizeof(muse_counter_table));
    fill_with_nonsense(&t, t.region->engines, sizeof(muse_engine_slot) * MUSE_ENGINES_MAX);
    CHECK(muse_counters_claim(t.region) < MUSE_COUNTER_SLOTS);
    muse_counters_sum(t.region, totals);
    for (i = 0; i < MUSE_ENGINES_MAX; i++) {
        CHECK_EQUAL(muse_engine_get(t.region, i, &info), MUSE_OK);
        CHECK(info.state <= MUSE_ENGINE_DOWN);
        CHECK_EQUAL(muse_engine_set(t.region, i, MUSE_ENGINE_READY, 0, 1), MUSE_OK);
    }
    free_target(&t);
}

TEST(reports_and_usage_full_of_nonsense_give_a_snapshot_of_terminated_names)
{
    target t = new_target();
    int round;

    for (round = 0; round < 50; round++) {
        muse_snapshot *snapshot;
        muse_text text = {0};
        uint32_t i;

        fill_with_nonsense(&t, t.region->reports, sizeof(muse_report_buffer) * MUSE_ENGINES_MAX);
        fill_with_nonsense(&t, t.region->usage, sizeof(muse_usage_slot) * MUSE_USAGE_MAX);
        for (i = 0; i < MUSE_ENGINES_MAX; i++) {
            atomic_store(&t.region->reports[i].sequence, 2);
        }
        for (i = 0; i < MUSE_USAGE_MAX; i += 2) {
            atomic_store(&t.region->usage[i].state, MUSE_USAGE_NAMED);
        }
        muse_usage_add(t.region, "gpt", 3, MUSE_USE_INPUT, 1);
        snapshot = muse_snapshot_take(t.region, MUSE_ENGINES_MAX);
        CHECK(snapshot && snapshot->usages >= 1);
        for (i = 0; i < snapshot->usages; i++) {
            CHECK(memchr(snapshot->usage[i].name, '\0', sizeof snapshot->usage[i].name));
        }
        muse_snapshot_json(snapshot, &text);
        muse_snapshot_health_json(snapshot, &text);
        CHECK(!text.failed && text.length > 0);
        muse_text_free(&text);
        free(snapshot);
    }
    free_target(&t);
}

TEST(budgets_full_of_nonsense_answer_and_are_shown)
{
    target t = new_target();
    muse_budget_table *table = t.region->budgets;
    int round;

    for (round = 0; round < 50; round++) {
        muse_budget_result result;
        muse_snapshot *snapshot;
        muse_text text = {0};
        muse_status status;
        uint32_t owner;
        size_t i;

        fill_with_nonsense(&t, table->owners, sizeof *table - offsetof(muse_budget_table, owners));
        if (round & 1) {
            atomic_store(&table->slots[round].named, 0);
        }
        owner = muse_budget_claim(t.region);
        CHECK(owner < MUSE_BUDGET_OWNERS);
        status =
            muse_budget_reserve(t.region, owner, "site", MUSE_BUDGET_COST, 20000, 100, 10, &result);
        CHECK(status == MUSE_OK || (status == MUSE_TOO_LARGE && !(round & 1)));
        if (status == MUSE_OK) {
            CHECK_EQUAL(result.answer, MUSE_BUDGET_TAKEN);
            CHECK_EQUAL(muse_budget_settle(t.region, owner, result.slot, result.day, 10, 3),
                        MUSE_OK);
        }
        for (i = 0; i < MUSE_BUDGETS_MAX; i++) {
            (void)muse_budget_settle(t.region, owner, (uint32_t)i, 3, 10, MUSE_BUDGET_MOST);
        }
        snapshot = muse_snapshot_take(t.region, 1);
        CHECK(snapshot != NULL);
        for (i = 0; i < snapshot->budgets; i++) {
            CHECK(memchr(snapshot->budget[i].name, '\0', sizeof snapshot->budget[i].name));
        }
        muse_snapshot_json(snapshot, &text);
        CHECK(!text.failed && text.length > 0);
        muse_text_free(&text);
        free(snapshot);
    }
    free_target(&t);
}

TESTS(CASE(a_shard_full_of_nonsense_costs_entries_only),
      CASE(a_record_with_any_byte_of_its_header_changed_is_a_miss),
      CASE(a_record_that_is_right_but_reaches_beyond_the_ring_is_a_miss),
      CASE(a_chain_in_a_circle_ends), CASE(nonsense_written_while_a_call_is_under_way_does_no_more),
      CASE(a_limiter_full_of_nonsense_answers_and_heals),
      CASE(a_model_table_full_of_nonsense_gives_terminated_names),
      CASE(counters_and_engines_full_of_nonsense_are_read_and_written),
      CASE(reports_and_usage_full_of_nonsense_give_a_snapshot_of_terminated_names),
      CASE(budgets_full_of_nonsense_answer_and_are_shown))
