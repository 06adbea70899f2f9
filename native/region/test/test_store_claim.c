/* Who writes a stale entry anew. */
#include <pthread.h>
#include <signal.h>

#include "muse_shard.h"
#include "store_help.h"

/* What put_filled puts is stale from 2000 ms to 3000 ms; this one for longer. */
static const uint64_t STALE = 2000;
static const uint64_t SECOND = 1000;

static void put_long(muse_region *region, const muse_key *key)
{
    const muse_entry_info info = {1000, STALE, 100000000, 0, 0, 1};

    CHECK_EQUAL(muse_store_put(region, key, &info, NULL, "x"), MUSE_OK);
}

static int claim(muse_region *region, const muse_key *key, uint64_t now, uint32_t seconds)
{
    const muse_status status = muse_store_claim(region, key, now, seconds);

    CHECK(status == MUSE_OK || status == MUSE_MISS);
    return status == MUSE_OK;
}

TEST(a_stale_entry_is_claimed_by_one_until_its_time_is_over)
{
    muse_region *region = test_region(1 << 20, 4, 64);
    const muse_key key = key_in(1, 1);
    const muse_key other = key_in(1, 2);

    put_long(region, &key);
    put_long(region, &other);
    CHECK(claim(region, &key, STALE, 10));
    CHECK(!claim(region, &key, STALE, 10));
    CHECK(claim(region, &other, STALE, 10));
    CHECK(!claim(region, &key, STALE + 10 * SECOND - 1, 10));
    CHECK(claim(region, &key, STALE + 10 * SECOND, 10));
    CHECK(!claim(region, &key, STALE + 10 * SECOND, 10));
    muse_region_detach(region);
}

TEST(a_claim_lasts_no_shorter_than_it_says_whenever_it_begins)
{
    muse_region *region = test_region(1 << 20, 4, 64);
    const muse_key key = key_in(1, 1);
    uint64_t from;

    for (from = STALE; from < STALE + SECOND; from += 111) {
        put_long(region, &key);
        CHECK(claim(region, &key, from, 2));
        CHECK(!claim(region, &key, from + 2 * SECOND - 1, 2));
        CHECK(claim(region, &key, from + 3 * SECOND, 2));
    }
    muse_region_detach(region);
}

TEST(what_is_fresh_or_too_old_or_not_there_is_not_claimed)
{
    muse_region *region = test_region(1 << 20, 4, 64);
    const muse_key key = key_in(1, 1);

    CHECK(!claim(region, &key, STALE, 10));
    CHECK_EQUAL(put_filled(region, &key, 10, 'x'), MUSE_OK);
    CHECK(!claim(region, &key, STALE - 1, 10));
    CHECK(!claim(region, &key, 3000, 10));
    CHECK_EQUAL(muse_store_hold(region, &key, 3000, 10), MUSE_MISS);
    CHECK(claim(region, &key, 2999, 10));
    muse_region_detach(region);
}

TEST(a_new_entry_can_be_claimed_at_once)
{
    muse_region *region = test_region(1 << 20, 4, 64);
    const muse_key key = key_in(1, 1);

    put_long(region, &key);
    CHECK(claim(region, &key, STALE, 1000));
    put_long(region, &key);
    CHECK(claim(region, &key, STALE, 1000));
    muse_region_detach(region);
}

TEST(whoever_has_an_entry_can_hold_on_to_it_and_let_it_go)
{
    muse_region *region = test_region(1 << 20, 4, 64);
    const muse_key key = key_in(1, 1);

    put_long(region, &key);
    CHECK(claim(region, &key, STALE, 10));
    CHECK_EQUAL(muse_store_hold(region, &key, STALE + 5 * SECOND, 10), MUSE_OK);
    CHECK(!claim(region, &key, STALE + 14 * SECOND, 10));
    CHECK_EQUAL(muse_store_hold(region, &key, STALE + 14 * SECOND, 0), MUSE_OK);
    CHECK(claim(region, &key, STALE + 14 * SECOND, 10));
    muse_region_detach(region);
}

TEST(a_held_entry_is_whole_and_keeps_its_times)
{
    muse_region *region = test_region(1 << 20, 4, 64);
    const muse_key key = key_in(1, 1);
    muse_entry_info info;
    uint8_t *bytes;

    CHECK_EQUAL(put_filled(region, &key, 1000, 'x'), MUSE_OK);
    CHECK(claim(region, &key, STALE, 10));
    CHECK(has_filled(region, &key, 1000, 'x'));
    CHECK_EQUAL(muse_store_get(region, &key, STALE, &info, NULL, NULL, &bytes), MUSE_OK);
    CHECK(bytes == NULL);
    CHECK_EQUAL(info.stored_at, 1000);
    CHECK_EQUAL(info.fresh_until, 2000);
    CHECK_EQUAL(info.stale_until, 3000);
    CHECK_EQUAL(info.body_len, 1000);
    CHECK_EQUAL(stats_of(region).entries, 1);
    muse_region_detach(region);
}

TEST(nobody_holds_an_entry_for_ever)
{
    muse_region *region = test_region(1 << 20, 4, 64);
    const muse_key key = key_in(1, 1);
    muse_shard_view shard;
    muse_found found;

    put_long(region, &key);
    CHECK(claim(region, &key, STALE, UINT32_MAX));
    CHECK(!claim(region, &key, STALE + MUSE_HOLD_MOST * SECOND - 1, 10));
    CHECK(claim(region, &key, STALE + MUSE_HOLD_MOST * SECOND, 10));

    /* A time that no claim can have made was not made by one. */
    CHECK_EQUAL(muse_shard_open(region, 1, &shard), 0);
    CHECK(muse_shard_find(&shard, &key, &found));
    muse_shard_hold(&shard, &found, UINT32_MAX);
    muse_shard_close(&shard);
    CHECK(claim(region, &key, STALE, 10));
    muse_region_detach(region);
}

static void claim_and_die(void *argument)
{
    const muse_key key = key_in(1, 1);

    CHECK(claim(argument, &key, STALE, 10));
    raise(SIGKILL);
}

TEST(from_a_process_that_died_the_entry_goes_to_another)
{
    muse_region *region = test_region(1 << 20, 4, 64);
    const muse_key key = key_in(1, 1);

    put_long(region, &key);
    CHECK_EQUAL(WTERMSIG(test_in_child(claim_and_die, region)), SIGKILL);
    CHECK(!claim(region, &key, STALE, 10));
    CHECK(claim(region, &key, STALE + 10 * SECOND, 10));
    muse_region_detach(region);
}

enum { THREADS = 8, KEYS = 500 };

typedef struct {
    muse_region *region;
    uint32_t claimed;
} claimer;

static void *claim_all(void *argument)
{
    claimer *c = argument;
    uint32_t n;

    for (n = 0; n < KEYS; n++) {
        const muse_key key = key_in((uint8_t)(n % 4), n);

        c->claimed += (uint32_t)claim(c->region, &key, STALE, 10);
    }
    return NULL;
}

TEST(of_many_threads_just_one_gets_each_entry)
{
    muse_region *region = test_region(1 << 20, 4, 64);
    claimer claimers[THREADS];
    pthread_t threads[THREADS];
    uint32_t claimed = 0;
    uint32_t n;

    for (n = 0; n < KEYS; n++) {
        const muse_key key = key_in((uint8_t)(n % 4), n);

        put_long(region, &key);
    }
    for (n = 0; n < THREADS; n++) {
        claimers[n] = (claimer){.region = region};
        CHECK(pthread_create(&threads[n], NULL, claim_all, &claimers[n]) == 0);
    }
    for (n = 0; n < THREADS; n++) {
        pthread_join(threads[n], NULL);
        claimed += claimers[n].claimed;
    }
    CHECK_EQUAL(claimed, KEYS);
    muse_region_detach(region);
}

TESTS(CASE(a_stale_entry_is_claimed_by_one_until_its_time_is_over),
      CASE(a_claim_lasts_no_shorter_than_it_says_whenever_it_begins),
      CASE(what_is_fresh_or_too_old_or_not_there_is_not_claimed),
      CASE(a_new_entry_can_be_claimed_at_once),
      CASE(whoever_has_an_entry_can_hold_on_to_it_and_let_it_go),
      CASE(a_held_entry_is_whole_and_keeps_its_times), CASE(nobody_holds_an_entry_for_ever),
      CASE(from_a_process_that_died_the_entry_goes_to_another),
      CASE(of_many_threads_just_one_gets_each_entry))
