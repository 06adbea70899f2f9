#include <pthread.h>

#include "muse_layout.h"
#include "test.h"

static muse_report report_of(uint32_t count)
{
    muse_report report;
    uint32_t i;

    memset(&report, 0, sizeof report);
    report.models = MUSE_MODELS_LOADED;
    report.in_flight = count;
    report.count = count;
    for (i = 0; i < count; i++) {
        snprintf(report.endpoints[i].model, sizeof report.endpoints[i].model, "model %u", count);
        snprintf(report.endpoints[i].url, sizeof report.endpoints[i].url, "http://host/%u", i);
        report.endpoints[i].state = MUSE_ENDPOINT_RESTING;
        report.endpoints[i].rest_ms = count;
    }
    return report;
}

TEST(a_report_is_read_as_it_was_written)
{
    muse_region *region = test_region(1 << 20, 1, 64);
    const muse_report most = report_of(MUSE_ENDPOINTS_MAX);
    const muse_report least = report_of(0);
    muse_report read;

    CHECK_EQUAL(muse_report_get(region, 2, &read), MUSE_MISS);
    CHECK_EQUAL(muse_report_set(region, 2, &most), MUSE_OK);
    CHECK_EQUAL(muse_report_get(region, 2, &read), MUSE_OK);
    CHECK(!memcmp(&read, &most, sizeof read));
    CHECK_EQUAL(muse_report_set(region, 2, &least), MUSE_OK);
    CHECK_EQUAL(muse_report_get(region, 2, &read), MUSE_OK);
    CHECK_EQUAL(read.count, 0);
    CHECK_EQUAL(muse_report_get(region, 1, &read), MUSE_MISS);
    muse_region_detach(region);
}

TEST(what_is_no_report_is_refused)
{
    muse_region *region = test_region(1 << 20, 1, 64);
    muse_report report = report_of(1);
    muse_report read;

    CHECK_EQUAL(muse_report_set(region, MUSE_ENGINES_MAX, &report), MUSE_EINVAL);
    CHECK_EQUAL(muse_report_get(region, MUSE_ENGINES_MAX, &report), MUSE_EINVAL);
    report.models = MUSE_MODELS_IMPLICIT + 1;
    CHECK_EQUAL(muse_report_set(region, 0, &report), MUSE_EINVAL);
    report = report_of(1);
    report.count = MUSE_ENDPOINTS_MAX + 1;
    CHECK_EQUAL(muse_report_set(region, 0, &report), MUSE_EINVAL);
    report = report_of(1);
    report.endpoints[0].state = MUSE_ENDPOINT_UNUSABLE + 1;
    CHECK_EQUAL(muse_report_set(region, 0, &report), MUSE_EINVAL);
    report = report_of(1);
    memset(report.endpoints[0].url, 'x', sizeof report.endpoints[0].url);
    CHECK_EQUAL(muse_report_set(region, 0, &report), MUSE_EINVAL);
    CHECK_EQUAL(muse_report_get(region, 0, &read), MUSE_MISS);
    muse_region_detach(region);
}

TEST(a_report_whose_writer_died_in_it_is_none_until_the_next)
{
    muse_region *region = test_region(1 << 20, 1, 64);
    const muse_report report = report_of(3);
    muse_report read;

    CHECK_EQUAL(muse_report_set(region, 0, &report), MUSE_OK);
    atomic_fetch_add(&region->reports[0].sequence, 1);
    CHECK_EQUAL(muse_report_get(region, 0, &read), MUSE_MISS);
    CHECK_EQUAL(muse_report_set(region, 0, &report), MUSE_OK);
    CHECK_EQUAL(muse_report_get(region, 0, &read), MUSE_OK);
    muse_region_detach(region);
}

TEST(a_report_that_nobody_can_have_written_is_none)
{
    muse_region *region = test_region(1 << 20, 1, 64);
    muse_report read;
    size_t w;

    for (w = 0; w < MUSE_REPORT_WORDS; w++) {
        atomic_store(&region->reports[0].words[w], UINT64_MAX);
    }
    atomic_store(&region->reports[0].sequence, 2);
    CHECK_EQUAL(muse_report_get(region, 0, &read), MUSE_MISS);
    atomic_store(&region->reports[0].words[0], 0);
    atomic_store(&region->reports[0].words[1], MUSE_ENDPOINTS_MAX);
    CHECK_EQUAL(muse_report_get(region, 0, &read), MUSE_MISS);
    muse_region_detach(region);
}

static void *report_often(void *argument)
{
    muse_region *region = argument;
    uint32_t i;

    for (i = 0; i < 20000; i++) {
        const muse_report report = report_of(i % 8);

        (void)muse_report_set(region, 0, &report);
    }
    return NULL;
}

TEST(a_report_is_never_read_half)
{
    muse_region *region = test_region(1 << 20, 1, 64);
    const muse_report last = report_of(9);
    pthread_t writer;
    int i;

    CHECK(pthread_create(&writer, NULL, report_often, region) == 0);
    for (i = 0; i < 20000; i++) {
        muse_report read;

        if (muse_report_get(region, 0, &read) == MUSE_OK) {
            const muse_report whole = report_of(read.count);

            CHECK(!memcmp(&read, &whole,
                          offsetof(muse_report, endpoints) + read.count * sizeof(muse_endpoint)));
        }
    }
    pthread_join(writer, NULL);
    CHECK_EQUAL(muse_report_set(region, 0, &last), MUSE_OK);
    muse_region_detach(region);
}

TESTS(CASE(a_report_is_read_as_it_was_written), CASE(what_is_no_report_is_refused),
      CASE(a_report_whose_writer_died_in_it_is_none_until_the_next),
      CASE(a_report_that_nobody_can_have_written_is_none), CASE(a_report_is_never_read_half))
