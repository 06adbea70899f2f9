#include <pthread.h>

#include "muse_layout.h"
#include "test.h"

static uint64_t total(muse_region *region, muse_counter counter)
{
    uint64_t totals[MUSE_COUNTERS];

    muse_counters_sum(region, totals);
    return totals[counter];
}

TEST(the_sum_is_over_all_slots)
{
    muse_region *region = test_region(1 << 20, 1, 64);
    muse_counter_slot mine = muse_counters_claim(region);

    CHECK(mine != 0);
    muse_counters_add(region, mine, MUSE_COUNT_HITS, 3);
    muse_counters_add(region, 0, MUSE_COUNT_HITS, 4);
    CHECK_EQUAL(total(region, MUSE_COUNT_HITS), 7);
    CHECK_EQUAL(total(region, MUSE_COUNT_MISSES), 0);
    muse_region_detach(region);
}

TEST(a_process_has_one_slot_however_often_it_asks)
{
    muse_region *region = test_region(1 << 20, 1, 64);

    CHECK_EQUAL(muse_counters_claim(region), muse_counters_claim(region));
    muse_region_detach(region);
}

TEST(slots_and_counters_that_do_not_exist_are_ignored)
{
    muse_region *region = test_region(1 << 20, 1, 64);
    int i;

    muse_counters_add(region, MUSE_COUNTER_SLOTS, MUSE_COUNT_HITS, 1);
    muse_counters_add(region, UINT32_MAX, MUSE_COUNT_HITS, 1);
    muse_counters_add(region, 0, (muse_counter)MUSE_COUNTERS, 1);
    muse_counters_add(region, 0, (muse_counter)-1, 1);
    for (i = 0; i < MUSE_COUNTERS; i++) {
        CHECK_EQUAL(total(region, (muse_counter)i), 0);
    }
    muse_region_detach(region);
}

static void count_in_child(void *argument)
{
    muse_region *region = argument;

    muse_counters_add(region, muse_counters_claim(region), MUSE_COUNT_MISSES, 5);
}

TEST(counts_outlive_their_process_and_its_slot_is_taken_over)
{
    muse_region *region = test_region(1 << 20, 1, 64);
    const muse_counter_slot mine = muse_counters_claim(region);
    uint32_t used = 0;
    int i;

    /* More processes than there are slots, so each slot is taken over at least once. */
    for (i = 0; i < MUSE_COUNTER_SLOTS + 8; i++) {
        CHECK_EQUAL(test_in_child(count_in_child, region), 0);
    }
    CHECK_EQUAL(total(region, MUSE_COUNT_MISSES), 5 * (MUSE_COUNTER_SLOTS + 8));
    CHECK_EQUAL(muse_counters_claim(region), mine);
    /* None of them had to do with the slot that all share. */
    CHECK_EQUAL(atomic_load(&region->counters->slots[0].counts[MUSE_COUNT_MISSES]), 0);
    for (i = 1; i < MUSE_COUNTER_SLOTS; i++) {
        used += atomic_load(&region->counters->pids[i]) != 0;
    }
    CHECK(used > 1 && used < MUSE_COUNTER_SLOTS);
    muse_region_detach(region);
}

TEST(when_all_slots_are_taken_the_shared_one_is_given)
{
    muse_region *region = test_region(1 << 20, 1, 64);
    uint32_t i;

    for (i = 1; i < MUSE_COUNTER_SLOTS; i++) {
        atomic_store(&region->counters->pids[i], (uint32_t)getppid());
    }
    CHECK_EQUAL(muse_counters_claim(region), 0);
    muse_region_detach(region);
}

TEST(a_time_is_counted_in_the_first_bucket_that_holds_it_and_in_the_sum)
{
    muse_region *region = test_region(1 << 20, 1, 64);
    const muse_counter_slot mine = muse_counters_claim(region);
    muse_times times;
    int i;

    muse_histogram_add(region, mine, MUSE_TIME_FIRST_BYTE, 0);
    muse_histogram_add(region, 0, MUSE_TIME_FIRST_BYTE, 50000);
    muse_histogram_add(region, mine, MUSE_TIME_FIRST_BYTE, 50001);
    muse_histogram_add(region, mine, MUSE_TIME_FIRST_BYTE, 120000000);
    muse_histogram_add(region, mine, MUSE_TIME_FIRST_BYTE, 120000001);
    muse_histogram_sum(region, MUSE_TIME_FIRST_BYTE, &times);
    CHECK_EQUAL(times.buckets[0], 2);
    CHECK_EQUAL(times.buckets[1], 1);
    CHECK_EQUAL(times.buckets[MUSE_BUCKETS - 2], 1);
    CHECK_EQUAL(times.buckets[MUSE_BUCKETS - 1], 1);
    CHECK_EQUAL(times.sum, 240100002);
    muse_histogram_add(region, MUSE_COUNTER_SLOTS, MUSE_TIME_TOTAL, 1);
    muse_histogram_add(region, mine, MUSE_HISTOGRAMS, 1);
    muse_histogram_sum(region, MUSE_TIME_TOTAL, &times);
    for (i = 0; i < MUSE_BUCKETS; i++) {
        CHECK_EQUAL(times.buckets[i], 0);
    }
    muse_region_detach(region);
}

static void *count_often(void *argument)
{
    muse_region *region = argument;
    const muse_counter_slot slot = muse_counters_claim(region);
    int i;

    for (i = 0; i < 100000; i++) {
        muse_counters_add(region, slot, MUSE_COUNT_HITS, 1);
        muse_counters_add(region, 0, MUSE_COUNT_MISSES, 1);
    }
    return NULL;
}

TEST(no_count_of_several_threads_is_lost)
{
    muse_region *region = test_region(1 << 20, 1, 64);
    pthread_t threads[4];
    uint64_t before = 0;
    int i;

    for (i = 0; i < 4; i++) {
        CHECK(pthread_create(&threads[i], NULL, count_often, region) == 0);
    }
    while (before < 400000) {
        const uint64_t now = total(region, MUSE_COUNT_HITS);

        CHECK(now >= before);
        before = now;
    }
    for (i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    CHECK_EQUAL(total(region, MUSE_COUNT_HITS), 400000);
    CHECK_EQUAL(total(region, MUSE_COUNT_MISSES), 400000);
    muse_region_detach(region);
}

TESTS(CASE(the_sum_is_over_all_slots), CASE(a_process_has_one_slot_however_often_it_asks),
      CASE(slots_and_counters_that_do_not_exist_are_ignored),
      CASE(counts_outlive_their_process_and_its_slot_is_taken_over),
      CASE(when_all_slots_are_taken_the_shared_one_is_given),
      CASE(a_time_is_counted_in_the_first_bucket_that_holds_it_and_in_the_sum),
      CASE(no_count_of_several_threads_is_lost))
