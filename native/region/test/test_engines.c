#include <pthread.h>

#include "muse_layout.h"
#include "test.h"

static muse_engine_info get(muse_region *region, uint32_t index)
{
    muse_engine_info info;

    CHECK_EQUAL(muse_engine_get(region, index, &info), MUSE_OK);
    return info;
}

TEST(an_engine_that_never_ran_has_no_state)
{
    muse_region *region = test_region(1 << 20, 1, 64);
    const muse_engine_info info = get(region, MUSE_ENGINES_MAX - 1);

    CHECK_EQUAL(info.state, MUSE_ENGINE_NONE);
    CHECK_EQUAL(info.failures, 0);
    CHECK_EQUAL(info.pid, 0);
    CHECK_EQUAL(info.beat_at, 0);
    muse_region_detach(region);
}

TEST(what_the_supervisor_sets_is_read_and_only_a_change_of_state_has_a_time)
{
    muse_region *region = test_region(1 << 20, 1, 64);
    const uint64_t before = muse_clock_ms();
    uint64_t changed_at;

    CHECK_EQUAL(muse_engine_set(region, 3, MUSE_ENGINE_STARTING, 2, 4711), MUSE_OK);
    CHECK_EQUAL(get(region, 3).state, MUSE_ENGINE_STARTING);
    CHECK_EQUAL(get(region, 3).failures, 2);
    CHECK_EQUAL(get(region, 3).pid, 4711);
    CHECK(get(region, 3).changed_at >= before);
    CHECK_EQUAL(get(region, 2).state, MUSE_ENGINE_NONE);

    atomic_store(&region->engines[3].changed_at, 1);
    CHECK_EQUAL(muse_engine_set(region, 3, MUSE_ENGINE_STARTING, 7, 4712), MUSE_OK);
    changed_at = get(region, 3).changed_at;
    CHECK_EQUAL(changed_at, 1);
    CHECK_EQUAL(get(region, 3).failures, 7);
    CHECK_EQUAL(muse_engine_set(region, 3, MUSE_ENGINE_READY, 0, 4712), MUSE_OK);
    CHECK(get(region, 3).changed_at >= before);
    muse_region_detach(region);
}

TEST(a_heartbeat_changes_nothing_else)
{
    muse_region *region = test_region(1 << 20, 1, 64);

    CHECK_EQUAL(muse_engine_set(region, 0, MUSE_ENGINE_READY, 0, 1), MUSE_OK);
    CHECK_EQUAL(muse_engine_beat(region, 0, 12345), MUSE_OK);
    CHECK_EQUAL(get(region, 0).beat_at, 12345);
    CHECK_EQUAL(get(region, 0).state, MUSE_ENGINE_READY);
    muse_region_detach(region);
}

TEST(engines_and_states_that_do_not_exist_are_refused)
{
    muse_region *region = test_region(1 << 20, 1, 64);
    muse_engine_info info;

    CHECK_EQUAL(muse_engine_get(region, MUSE_ENGINES_MAX, &info), MUSE_EINVAL);
    CHECK_EQUAL(muse_engine_set(region, UINT32_MAX, MUSE_ENGINE_READY, 0, 0), MUSE_EINVAL);
    CHECK_EQUAL(muse_engine_set(region, 0, (muse_engine_state)99, 0, 0), MUSE_EINVAL);
    CHECK_EQUAL(muse_engine_beat(region, MUSE_ENGINES_MAX, 1), MUSE_EINVAL);
    muse_region_detach(region);
}

TEST(a_state_that_nobody_can_have_written_is_read_as_none)
{
    muse_region *region = test_region(1 << 20, 1, 64);

    atomic_store(&region->engines[0].state_failures, UINT64_MAX);
    CHECK_EQUAL(get(region, 0).state, MUSE_ENGINE_NONE);
    muse_region_detach(region);
}

static void *set_often(void *argument)
{
    muse_region *region = argument;
    uint32_t i;

    for (i = 1; i <= 100000; i++) {
        /* The state follows from the failures, so a reader can tell a mixture. */
        (void)muse_engine_set(region, 0, (muse_engine_state)(i & 3), i, i);
        (void)muse_engine_beat(region, 0, i);
    }
    return NULL;
}

TEST(state_and_failures_are_read_as_they_were_set_together)
{
    muse_region *region = test_region(1 << 20, 1, 64);
    pthread_t writer;
    muse_engine_info info;

    CHECK(pthread_create(&writer, NULL, set_often, region) == 0);
    do {
        info = get(region, 0);
        CHECK_EQUAL(info.state, info.failures & 3);
    } while (info.failures < 100000);
    pthread_join(writer, NULL);
    muse_region_detach(region);
}

TESTS(CASE(an_engine_that_never_ran_has_no_state),
      CASE(what_the_supervisor_sets_is_read_and_only_a_change_of_state_has_a_time),
      CASE(a_heartbeat_changes_nothing_else),
      CASE(engines_and_states_that_do_not_exist_are_refused),
      CASE(a_state_that_nobody_can_have_written_is_read_as_none),
      CASE(state_and_failures_are_read_as_they_were_set_together))
