#include <stdlib.h>
#include <string.h>

#include "muse_models.h"
#include "muse_snapshot.h"

const char *muse_problem_text(muse_problem problem)
{
    switch (problem) {
    case MUSE_PROBLEM_NO_ENGINE:
        return "no engine is ready; httpd's error log says why";
    case MUSE_PROBLEM_NO_MODELS:
        return "there are no models; httpd's error log says what is wrong with models.json";
    case MUSE_PROBLEM_NO_ENDPOINT:
        return "no endpoint of any model can be asked now";
    case MUSE_PROBLEM_ENGINE:
        return "not all engines are ready";
    case MUSE_PROBLEM_MODELS_INVALID:
        return "models.json has a mistake; the models stay as they were";
    case MUSE_PROBLEM_MODELS_ABSENT:
        return "models.json is gone; the models stay as they were";
    case MUSE_PROBLEM_ENDPOINT:
        return "not all endpoints answer";
    case MUSE_PROBLEM_BUDGET:
        return "a budget is used up for today; what it is for is served from the cache alone";
    case MUSE_PROBLEMS:
        break;
    }
    return "unknown";
}

static void take_engines(const muse_region *region, muse_snapshot *snapshot)
{
    uint32_t i;

    for (i = 0; i < snapshot->engines; i++) {
        muse_engine_view *view = &snapshot->engine[i];

        (void)muse_engine_get(region, i, &view->info);
        view->up = muse_engine_is_up(&view->info, snapshot->now);
        view->reported = muse_report_get(region, i, &view->report) == MUSE_OK;
        if (!view->reported) {
            memset(&view->report, 0, sizeof view->report);
        }
        if (!view->up) {
            view->report.in_flight = 0;
        }
    }
}

static muse_usage *find_usage(muse_snapshot *snapshot, const char *name)
{
    size_t i;

    for (i = 0; i < snapshot->usages; i++) {
        if (!strcmp(snapshot->usage[i].name, name)) {
            return &snapshot->usage[i];
        }
    }
    return NULL;
}

static void take_usage(const muse_region *region, muse_snapshot *snapshot)
{
    muse_usage usage;
    size_t i;
    size_t u;

    for (i = 0; i < MUSE_USAGE_MAX; i++) {
        muse_usage *same;

        if (muse_usage_at(region, i, &usage) != MUSE_OK) {
            continue;
        }
        same = find_usage(snapshot, usage.name);
        if (!same) {
            snapshot->usage[snapshot->usages++] = usage;
            continue;
        }
        for (u = 0; u < MUSE_USES; u++) {
            same->uses[u] += usage.uses[u];
        }
    }
}

static void take_budgets(const muse_region *region, muse_snapshot *snapshot)
{
    const uint32_t today = muse_budget_today();

    while (snapshot->budgets < MUSE_BUDGETS_MAX &&
           muse_budget_at(region, snapshot->budgets, today, &snapshot->budget[snapshot->budgets]) ==
               MUSE_OK) {
        snapshot->budgets++;
    }
}

static void add_problem(muse_snapshot *snapshot, muse_problem problem)
{
    snapshot->problems |= 1u << problem;
}

/* What the engines that are up say of their endpoints. */
static void judge_endpoints(muse_snapshot *snapshot)
{
    size_t endpoints = 0;
    size_t well = 0;
    size_t ready = 0;
    uint32_t i;
    uint32_t e;

    for (i = 0; i < snapshot->engines; i++) {
        const muse_engine_view *view = &snapshot->engine[i];

        for (e = 0; view->up && e < view->report.count; e++) {
            const uint32_t state = view->report.endpoints[e].state;

            endpoints++;
            well += state <= MUSE_ENDPOINT_UP;
            ready += state <= MUSE_ENDPOINT_FAILING;
        }
        if (view->up && view->report.left_out) {
            ready++; /* they may well be */
        }
    }
    if (endpoints && !ready) {
        add_problem(snapshot, MUSE_PROBLEM_NO_ENDPOINT);
    } else if (well < endpoints) {
        add_problem(snapshot, MUSE_PROBLEM_ENDPOINT);
    }
}

static void judge_models(muse_snapshot *snapshot)
{
    int implicit = 0;
    uint32_t i;

    for (i = 0; i < snapshot->engines; i++) {
        const muse_engine_view *view = &snapshot->engine[i];
        const uint32_t models = view->report.models;

        if (!view->up || !view->reported) {
            continue;
        }
        implicit |= models == MUSE_MODELS_IMPLICIT;
        if (models == MUSE_MODELS_INVALID || models == MUSE_MODELS_ABSENT) {
            add_problem(snapshot, models == MUSE_MODELS_INVALID ? MUSE_PROBLEM_MODELS_INVALID
                                                                : MUSE_PROBLEM_MODELS_ABSENT);
        }
    }
    if (!snapshot->models && !implicit) {
        snapshot->problems &=
            ~(1u << MUSE_PROBLEM_MODELS_INVALID | 1u << MUSE_PROBLEM_MODELS_ABSENT);
        add_problem(snapshot, MUSE_PROBLEM_NO_MODELS);
    }
}

static void judge_budgets(muse_snapshot *snapshot)
{
    size_t i;

    for (i = 0; i < snapshot->budgets; i++) {
        if (muse_budget_is_gone(&snapshot->budget[i])) {
            add_problem(snapshot, MUSE_PROBLEM_BUDGET);
        }
    }
}

static void judge(muse_snapshot *snapshot)
{
    uint32_t up = 0;
    uint32_t i;

    for (i = 0; i < snapshot->engines; i++) {
        up += (uint32_t)snapshot->engine[i].up;
    }
    if (!up) {
        add_problem(snapshot, MUSE_PROBLEM_NO_ENGINE);
    } else {
        if (up < snapshot->engines) {
            add_problem(snapshot, MUSE_PROBLEM_ENGINE);
        }
        judge_models(snapshot);
        judge_endpoints(snapshot);
        judge_budgets(snapshot);
    }
    snapshot->health = snapshot->problems & ((1u << MUSE_PROBLEM_ENGINE) - 1) ? MUSE_HEALTH_DOWN
                       : snapshot->problems                                   ? MUSE_HEALTH_DEGRADED
                                                                              : MUSE_HEALTH_OK;
}

muse_snapshot *muse_snapshot_take(muse_region *region, uint32_t engines)
{
    const uint32_t n = engines < MUSE_ENGINES_MAX ? engines : MUSE_ENGINES_MAX;
    muse_snapshot *snapshot = calloc(1, sizeof *snapshot + n * sizeof(muse_engine_view));
    const uint64_t made_at = muse_region_made_at(region);
    muse_model model;
    uint32_t i;

    if (!snapshot) {
        return NULL;
    }
    snapshot->engines = n;
    snapshot->now = muse_clock_ms();
    snapshot->uptime_ms = snapshot->now > made_at ? snapshot->now - made_at : 0;
    muse_counters_sum(region, snapshot->counts);
    for (i = 0; i < MUSE_OUTCOMES; i++) {
        snapshot->requests += snapshot->counts[i];
    }
    for (i = 0; i < MUSE_HISTOGRAMS; i++) {
        muse_histogram_sum(region, (muse_histogram)i, &snapshot->times[i]);
    }
    muse_store_stats_get(region, &snapshot->store);
    while (snapshot->models < MUSE_MODELS_MAX &&
           muse_models_at(region, snapshot->models, &model) == MUSE_OK) {
        snapshot->models++;
    }
    take_usage(region, snapshot);
    take_budgets(region, snapshot);
    take_engines(region, snapshot);
    judge(snapshot);
    return snapshot;
}
