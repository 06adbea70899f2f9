#include <stdlib.h>

#include "muse_layout.h"
#include "muse_snapshot.h"
#include "test.h"

static void make_up(muse_region *region, uint32_t engine)
{
    CHECK_EQUAL(muse_engine_set(region, engine, MUSE_ENGINE_READY, 0, 1), MUSE_OK);
    CHECK_EQUAL(muse_engine_beat(region, engine, muse_clock_ms()), MUSE_OK);
}

static void publish_model(muse_region *region)
{
    const muse_model model = {.name = "writer"};

    CHECK_EQUAL(muse_models_publish(region, &model, 1, 0), MUSE_OK);
}

/* The report of an engine with so many endpoints in that state, and one more in the other. */
static void report(muse_region *region, uint32_t engine, muse_models_state models, uint32_t count,
                   muse_endpoint_state state, muse_endpoint_state last)
{
    muse_report said;
    uint32_t i;

    memset(&said, 0, sizeof said);
    said.models = models;
    said.count = count;
    for (i = 0; i < count; i++) {
        said.endpoints[i].state = i == count - 1 ? last : state;
    }
    CHECK_EQUAL(muse_report_set(region, engine, &said), MUSE_OK);
}

static void expect_health(muse_region *region, uint32_t engines, muse_health health,
                          uint32_t problems)
{
    muse_snapshot *snapshot = muse_snapshot_take(region, engines);

    CHECK(snapshot != NULL);
    CHECK_EQUAL(snapshot->problems, problems);
    CHECK_EQUAL(snapshot->health, health);
    free(snapshot);
}

static uint32_t bit(muse_problem problem)
{
    return 1u << problem;
}

TEST(a_server_is_well_when_its_engines_models_and_endpoints_are)
{
    muse_region *region = test_region(1 << 20, 1, 64);

    expect_health(region, 1, MUSE_HEALTH_DOWN, bit(MUSE_PROBLEM_NO_ENGINE));
    make_up(region, 0);
    expect_health(region, 1, MUSE_HEALTH_DOWN, bit(MUSE_PROBLEM_NO_MODELS));
    report(region, 0, MUSE_MODELS_IMPLICIT, 0, 0, 0);
    expect_health(region, 1, MUSE_HEALTH_OK, 0);
    publish_model(region);
    report(region, 0, MUSE_MODELS_LOADED, 2, MUSE_ENDPOINT_UNTRIED, MUSE_ENDPOINT_UP);
    expect_health(region, 1, MUSE_HEALTH_OK, 0);
    expect_health(region, 2, MUSE_HEALTH_DEGRADED, bit(MUSE_PROBLEM_ENGINE));
    make_up(region, 1);
    expect_health(region, 2, MUSE_HEALTH_OK, 0);
    muse_region_detach(region);
}

TEST(models_that_can_not_be_read_matter_as_much_as_there_are_others)
{
    muse_region *region = test_region(1 << 20, 1, 64);

    make_up(region, 0);
    report(region, 0, MUSE_MODELS_INVALID, 0, 0, 0);
    expect_health(region, 1, MUSE_HEALTH_DOWN, bit(MUSE_PROBLEM_NO_MODELS));
    publish_model(region);
    expect_health(region, 1, MUSE_HEALTH_DEGRADED, bit(MUSE_PROBLEM_MODELS_INVALID));
    report(region, 0, MUSE_MODELS_ABSENT, 0, 0, 0);
    expect_health(region, 1, MUSE_HEALTH_DEGRADED, bit(MUSE_PROBLEM_MODELS_ABSENT));
    muse_region_detach(region);
}

TEST(it_is_down_when_no_endpoint_may_be_asked)
{
    muse_region *region = test_region(1 << 20, 1, 64);

    make_up(region, 0);
    publish_model(region);
    report(region, 0, MUSE_MODELS_LOADED, 3, MUSE_ENDPOINT_UP, MUSE_ENDPOINT_RESTING);
    expect_health(region, 1, MUSE_HEALTH_DEGRADED, bit(MUSE_PROBLEM_ENDPOINT));
    report(region, 0, MUSE_MODELS_LOADED, 3, MUSE_ENDPOINT_LIMITED, MUSE_ENDPOINT_FAILING);
    expect_health(region, 1, MUSE_HEALTH_DEGRADED, bit(MUSE_PROBLEM_ENDPOINT));
    report(region, 0, MUSE_MODELS_LOADED, 3, MUSE_ENDPOINT_RESTING, MUSE_ENDPOINT_UNUSABLE);
    expect_health(region, 1, MUSE_HEALTH_DOWN, bit(MUSE_PROBLEM_NO_ENDPOINT));
    /* What another engine may still ask counts, but not what one that is gone said once. */
    report(region, 1, MUSE_MODELS_LOADED, 1, MUSE_ENDPOINT_UP, MUSE_ENDPOINT_UP);
    expect_health(region, 2, MUSE_HEALTH_DOWN,
                  bit(MUSE_PROBLEM_NO_ENDPOINT) | bit(MUSE_PROBLEM_ENGINE));
    make_up(region, 1);
    expect_health(region, 2, MUSE_HEALTH_DEGRADED, bit(MUSE_PROBLEM_ENDPOINT));
    muse_region_detach(region);
}

TEST(an_engine_that_stands_still_is_not_up)
{
    muse_region *region = test_region(1 << 20, 1, 64);

    make_up(region, 0);
    publish_model(region);
    expect_health(region, 1, MUSE_HEALTH_OK, 0);
    CHECK_EQUAL(muse_engine_beat(region, 0, muse_clock_ms() - MUSE_ENGINE_BEAT_LATE - 1), MUSE_OK);
    expect_health(region, 1, MUSE_HEALTH_DOWN, bit(MUSE_PROBLEM_NO_ENGINE));
    muse_region_detach(region);
}

TEST(requests_are_all_outcomes_and_a_name_is_there_once)
{
    muse_region *region = test_region(1 << 20, 1, 64);
    muse_snapshot *snapshot;
    int i;

    for (i = 0; i < MUSE_COUNTERS; i++) {
        muse_counters_add(region, 0, (muse_counter)i, 1);
    }
    muse_usage_add(region, "twice", 5, MUSE_USE_INPUT, 1);
    /* As two threads may do it that bring the name at one moment. */
    for (i = 0; i < MUSE_USAGE_MAX - 1; i++) {
        if (atomic_load(&region->usage[i].state) == MUSE_USAGE_NAMED) {
            memcpy(&region->usage[(i + 7) % (MUSE_USAGE_MAX - 1)], &region->usage[i],
                   sizeof region->usage[i]);
            break;
        }
    }
    snapshot = muse_snapshot_take(region, 1);
    CHECK_EQUAL(snapshot->requests, MUSE_OUTCOMES);
    CHECK_EQUAL(snapshot->usages, 1);
    CHECK_EQUAL(snapshot->usage[0].uses[MUSE_USE_INPUT], 2);
    free(snapshot);
    muse_region_detach(region);
}

TEST(json_has_what_is_in_the_snapshot_and_names_are_escaped)
{
    muse_region *region = test_region(1 << 20, 1, 64);
    muse_snapshot *snapshot;
    muse_text text = {0};

    muse_usage_add(region, "a \"b\"\\\n", 7, MUSE_USE_COST, 1500000001);
    muse_histogram_add(region, 0, MUSE_TIME_TOTAL, 70000);
    snapshot = muse_snapshot_take(region, 1);
    muse_snapshot_json(snapshot, &text);
    CHECK(!text.failed && text.length == strlen(text.bytes));
    CHECK(strstr(text.bytes, "{\"name\":\"a \\\"b\\\"\\\\\\u000a\",") != NULL);
    CHECK(strstr(text.bytes, "\"cost\":1.500000001,") != NULL);
    CHECK(strstr(text.bytes, "{\"le\":0.05,\"count\":0},{\"le\":0.1,\"count\":1}") != NULL);
    CHECK(strstr(text.bytes, "\"sum\":0.070000}") != NULL);
    muse_text_free(&text);
    CHECK(text.bytes == NULL);
    free(snapshot);
    muse_region_detach(region);
}

TEST(a_budget_that_is_used_up_is_a_problem_and_shown_with_its_numbers)
{
    muse_region *region = test_region(1 << 20, 1, 64);
    const uint32_t today = muse_budget_today();
    muse_snapshot *snapshot;
    muse_text text = {0};

    make_up(region, 0);
    publish_model(region);
    CHECK_EQUAL(muse_budget_restore(region, "a \"b\"", MUSE_BUDGET_COST, today, 2500000000, 1),
                MUSE_OK);
    CHECK_EQUAL(muse_budget_restore(region, "old", MUSE_BUDGET_TOKENS, today - 1, 5, 5), MUSE_OK);
    expect_health(region, 1, MUSE_HEALTH_OK, 0);
    CHECK_EQUAL(muse_budget_restore(region, "new", MUSE_BUDGET_TOKENS, today, 5, 5), MUSE_OK);
    expect_health(region, 1, MUSE_HEALTH_DEGRADED, bit(MUSE_PROBLEM_BUDGET));
    snapshot = muse_snapshot_take(region, 1);
    muse_snapshot_json(snapshot, &text);
    CHECK(strstr(text.bytes, ",\"budgets\":[{\"name\":\"a \\\"b\\\"\",\"unit\":\"cost\","
                             "\"limit\":2.500000000,\"used\":0.000000001,"
                             "\"reserved\":0.000000000,\"gone\":false},") != NULL);
    CHECK(strstr(text.bytes, "{\"name\":\"old\",\"unit\":\"tokens\",\"limit\":5,\"used\":0,") !=
          NULL);
    CHECK(strstr(text.bytes, "\"used\":5,\"reserved\":0,\"gone\":true}]") != NULL);
    muse_text_free(&text);
    free(snapshot);
    muse_region_detach(region);
}

TESTS(CASE(a_server_is_well_when_its_engines_models_and_endpoints_are),
      CASE(models_that_can_not_be_read_matter_as_much_as_there_are_others),
      CASE(it_is_down_when_no_endpoint_may_be_asked), CASE(an_engine_that_stands_still_is_not_up),
      CASE(requests_are_all_outcomes_and_a_name_is_there_once),
      CASE(a_budget_that_is_used_up_is_a_problem_and_shown_with_its_numbers),
      CASE(json_has_what_is_in_the_snapshot_and_names_are_escaped))
