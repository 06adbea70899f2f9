#include <pthread.h>

#include "muse_layout.h"
#include "test.h"

static void add(muse_region *region, const char *name, muse_use use, uint64_t n)
{
    muse_usage_add(region, name, strlen(name), use, n);
}

/* What all places of that name have together; *places says how many there are. */
static uint64_t used(const muse_region *region, const char *name, muse_use use, int *places)
{
    muse_usage usage;
    uint64_t sum = 0;
    size_t i;

    *places = 0;
    for (i = 0; i < MUSE_USAGE_MAX; i++) {
        if (muse_usage_at(region, i, &usage) == MUSE_OK && !strcmp(usage.name, name)) {
            sum += usage.uses[use];
            ++*places;
        }
    }
    return sum;
}

TEST(each_name_has_a_place_of_its_own)
{
    muse_region *region = test_region(1 << 20, 1, 64);
    char longest[MUSE_MODEL_NAME_MAX + 1];
    int places;

    memset(longest, 'x', MUSE_MODEL_NAME_MAX);
    longest[MUSE_MODEL_NAME_MAX] = '\0';
    add(region, "a", MUSE_USE_INPUT, 3);
    add(region, "ab", MUSE_USE_INPUT, 5);
    add(region, "a", MUSE_USE_INPUT, 4);
    add(region, longest, MUSE_USE_COST, 7);
    CHECK_EQUAL(used(region, "a", MUSE_USE_INPUT, &places), 7);
    CHECK_EQUAL(places, 1);
    CHECK_EQUAL(used(region, "ab", MUSE_USE_INPUT, &places), 5);
    CHECK_EQUAL(used(region, longest, MUSE_USE_COST, &places), 7);
    CHECK_EQUAL(used(region, longest, MUSE_USE_INPUT, &places), 0);
    muse_region_detach(region);
}

TEST(what_is_no_name_or_no_use_is_not_counted)
{
    muse_region *region = test_region(1 << 20, 1, 64);
    char too_long[MUSE_MODEL_NAME_MAX + 2];
    muse_usage usage;
    size_t i;

    memset(too_long, 'x', sizeof too_long);
    muse_usage_add(region, "", 0, MUSE_USE_INPUT, 1);
    muse_usage_add(region, too_long, MUSE_MODEL_NAME_MAX + 1, MUSE_USE_INPUT, 1);
    muse_usage_add(region, "a", 1, MUSE_USES, 1);
    for (i = 0; i < MUSE_USAGE_MAX; i++) {
        CHECK_EQUAL(muse_usage_at(region, i, &usage), MUSE_MISS);
    }
    CHECK_EQUAL(muse_usage_at(region, MUSE_USAGE_MAX, &usage), MUSE_MISS);
    muse_region_detach(region);
}

TEST(names_that_find_no_place_are_counted_together)
{
    muse_region *region = test_region(1 << 20, 1, 64);
    char name[32];
    int places;
    int i;

    for (i = 0; i < MUSE_USAGE_MAX + 9; i++) {
        snprintf(name, sizeof name, "model-%d", i);
        add(region, name, MUSE_USE_OUTPUT, 2);
    }
    CHECK_EQUAL(used(region, "model-0", MUSE_USE_OUTPUT, &places), 2);
    CHECK_EQUAL(used(region, MUSE_USAGE_OTHERS, MUSE_USE_OUTPUT, &places), 20);
    CHECK_EQUAL(places, 1);
    muse_region_detach(region);
}

static void *add_often(void *argument)
{
    muse_region *region = argument;
    char name[32];
    int i;

    for (i = 0; i < 40000; i++) {
        snprintf(name, sizeof name, "model-%d", i % 40);
        add(region, name, MUSE_USE_SAVED, 1);
    }
    return NULL;
}

TEST(nothing_is_lost_that_several_threads_add_to_new_names)
{
    muse_region *region = test_region(1 << 20, 1, 64);
    pthread_t threads[4];
    char name[32];
    int places;
    int i;

    for (i = 0; i < 4; i++) {
        CHECK(pthread_create(&threads[i], NULL, add_often, region) == 0);
    }
    for (i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    for (i = 0; i < 40; i++) {
        snprintf(name, sizeof name, "model-%d", i);
        CHECK_EQUAL(used(region, name, MUSE_USE_SAVED, &places), 4000);
    }
    muse_region_detach(region);
}

TESTS(CASE(each_name_has_a_place_of_its_own), CASE(what_is_no_name_or_no_use_is_not_counted),
      CASE(names_that_find_no_place_are_counted_together),
      CASE(nothing_is_lost_that_several_threads_add_to_new_names))
