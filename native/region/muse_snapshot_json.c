#include <inttypes.h>

#include "muse_snapshot.h"

enum { BILLION = 1000000000, MILLION = 1000000 };

static const char *name_in(const char *const *names, size_t count, size_t i)
{
    return i < count ? names[i] : "unknown";
}

#define NAME_IN(names, i) name_in(names, sizeof(names) / sizeof *(names), (size_t)(i))

const char *muse_health_name(muse_health health)
{
    static const char *const names[] = {"ok", "degraded", "down"};

    return NAME_IN(names, health);
}

const char *muse_outcome_name(muse_counter outcome)
{
    static const char *const names[] = {"hit",      "stale",   "joined", "miss",
                                        "returned", "limited", "error"};

    return NAME_IN(names, outcome);
}

const char *muse_endpoint_state_name(uint32_t state)
{
    static const char *const names[] = {"untried", "up",      "failing",
                                        "resting", "limited", "unusable"};

    return NAME_IN(names, state);
}

const char *muse_models_state_name(uint32_t state)
{
    static const char *const names[] = {"unknown", "loaded", "invalid", "absent", "implicit"};

    return NAME_IN(names, state);
}

const char *muse_version(void)
{
    return MUSE_VERSION;
}

static const char *engine_state_name(muse_engine_state state)
{
    static const char *const names[] = {"none", "starting", "ready", "down"};

    return NAME_IN(names, state);
}

static const char *comma(size_t i)
{
    return i ? "," : "";
}

static void add_seconds(muse_text *text, const char *name, uint64_t ms)
{
    muse_text_add(text, "\"%s\":%" PRIu64 ".%03u", name, ms / 1000, (unsigned)(ms % 1000));
}

static void add_cost(muse_text *text, const char *name, uint64_t billionths)
{
    muse_text_add(text, ",\"%s\":%" PRIu64 ".%09u", name, billionths / BILLION,
                  (unsigned)(billionths % BILLION));
}

static void add_quoted(muse_text *text, const char *name, const char *value)
{
    muse_text_add(text, "\"%s\":", name);
    muse_text_quote(text, value);
}

static void add_problems(const muse_snapshot *snapshot, muse_text *text)
{
    size_t said = 0;
    uint32_t i;

    muse_text_add(text, "\"status\":\"%s\",\"problems\":[", muse_health_name(snapshot->health));
    for (i = 0; i < MUSE_PROBLEMS; i++) {
        if (snapshot->problems & 1u << i) {
            muse_text_add(text, "%s", comma(said++));
            muse_text_quote(text, muse_problem_text((muse_problem)i));
        }
    }
    muse_text_add(text, "]");
}

static void add_requests(const muse_snapshot *snapshot, muse_text *text)
{
    uint32_t i;

    muse_text_add(text, "\"requests\":{\"total\":%" PRIu64, snapshot->requests);
    for (i = 0; i < MUSE_OUTCOMES; i++) {
        muse_text_add(text, ",\"%s\":%" PRIu64, muse_outcome_name((muse_counter)i),
                      snapshot->counts[i]);
    }
    muse_text_add(text,
                  "},\"abandoned\":%" PRIu64 ",\"completions\":%" PRIu64
                  ",\"completions_failed\":%" PRIu64,
                  snapshot->counts[MUSE_COUNT_ABANDONED], snapshot->counts[MUSE_COUNT_COMPLETIONS],
                  snapshot->counts[MUSE_COUNT_FAILURES]);
}

/* Cumulative, as Prometheus has it; the bound of the last one, which is infinite, is null. */
static void add_times(muse_text *text, const char *name, const muse_times *times)
{
    uint64_t count = 0;
    uint32_t b;

    muse_text_add(text, ",\"%s\":{\"buckets\":[", name);
    for (b = 0; b < MUSE_BUCKETS; b++) {
        count += times->buckets[b];
        if (b < MUSE_BUCKETS - 1) {
            muse_text_add(text, "%s{\"le\":%g,", comma(b), muse_bucket_bounds[b] / 1000.0);
        } else {
            muse_text_add(text, ",{\"le\":null,");
        }
        muse_text_add(text, "\"count\":%" PRIu64 "}", count);
    }
    muse_text_add(text, "],\"count\":%" PRIu64 ",\"sum\":%" PRIu64 ".%06u}", count,
                  times->sum / MILLION, (unsigned)(times->sum % MILLION));
}

static void add_usage(const muse_snapshot *snapshot, muse_text *text)
{
    size_t i;

    muse_text_add(text, ",\"models\":[");
    for (i = 0; i < snapshot->usages; i++) {
        const muse_usage *usage = &snapshot->usage[i];

        muse_text_add(text, "%s{", comma(i));
        add_quoted(text, "name", usage->name);
        muse_text_add(text,
                      ",\"completions\":%" PRIu64 ",\"failures\":%" PRIu64
                      ",\"input_tokens\":%" PRIu64 ",\"output_tokens\":%" PRIu64,
                      usage->uses[MUSE_USE_COMPLETIONS], usage->uses[MUSE_USE_FAILURES],
                      usage->uses[MUSE_USE_INPUT], usage->uses[MUSE_USE_OUTPUT]);
        add_cost(text, "cost", usage->uses[MUSE_USE_COST]);
        add_cost(text, "cost_saved", usage->uses[MUSE_USE_SAVED]);
        muse_text_add(text, "}");
    }
    muse_text_add(text, "]");
}

void muse_snapshot_amount(muse_text *text, muse_budget_unit unit, uint64_t amount)
{
    if (unit == MUSE_BUDGET_COST) {
        muse_text_add(text, "%" PRIu64 ".%09u", amount / BILLION, (unsigned)(amount % BILLION));
    } else {
        muse_text_add(text, "%" PRIu64, amount);
    }
}

static void add_budgets(const muse_snapshot *snapshot, muse_text *text)
{
    size_t i;

    muse_text_add(text, ",\"budgets\":[");
    for (i = 0; i < snapshot->budgets; i++) {
        const muse_budget *budget = &snapshot->budget[i];

        muse_text_add(text, "%s{", comma(i));
        add_quoted(text, "name", budget->name);
        muse_text_add(text, ",\"unit\":\"%s\",\"limit\":", muse_budget_unit_name(budget->unit));
        muse_snapshot_amount(text, budget->unit, budget->limit);
        muse_text_add(text, ",\"used\":");
        muse_snapshot_amount(text, budget->unit, budget->used);
        muse_text_add(text, ",\"reserved\":");
        muse_snapshot_amount(text, budget->unit, budget->held);
        muse_text_add(text, ",\"gone\":%s}", muse_budget_is_gone(budget) ? "true" : "false");
    }
    muse_text_add(text, "]");
}

static void add_engines(const muse_snapshot *snapshot, muse_text *text)
{
    uint32_t i;

    muse_text_add(text, ",\"engines\":[");
    for (i = 0; i < snapshot->engines; i++) {
        const muse_engine_view *view = &snapshot->engine[i];

        muse_text_add(text,
                      "%s{\"engine\":%u,\"up\":%s,\"state\":\"%s\",\"pid\":%u,\"restarts\":%" PRIu64
                      ",\"in_flight\":%u,\"models\":\"%s\",\"endpoints_left_out\":%u}",
                      comma(i), i, view->up ? "true" : "false", engine_state_name(view->info.state),
                      view->info.pid, view->info.ends, view->report.in_flight,
                      muse_models_state_name(view->report.models), view->report.left_out);
    }
    muse_text_add(text, "]");
}

static void add_endpoints(const muse_snapshot *snapshot, muse_text *text)
{
    size_t said = 0;
    uint32_t i;
    uint32_t e;

    muse_text_add(text, ",\"endpoints\":[");
    for (i = 0; i < snapshot->engines; i++) {
        for (e = 0; e < snapshot->engine[i].report.count; e++) {
            const muse_endpoint *endpoint = &snapshot->engine[i].report.endpoints[e];

            muse_text_add(text, "%s{\"engine\":%u,", comma(said++), i);
            add_quoted(text, "model", endpoint->model);
            muse_text_add(text, ",");
            add_quoted(text, "url", endpoint->url);
            muse_text_add(text, ",\"state\":\"%s\",\"active\":%u,",
                          muse_endpoint_state_name(endpoint->state), endpoint->active);
            add_seconds(text, "rest_seconds", endpoint->rest_ms);
            muse_text_add(text, "}");
        }
    }
    muse_text_add(text, "]");
}

static void add_beginning(const muse_snapshot *snapshot, muse_text *text)
{
    muse_text_add(text, "{");
    add_problems(snapshot, text);
    muse_text_add(text, ",\"version\":\"%s\",", muse_version());
    add_seconds(text, "uptime_seconds", snapshot->uptime_ms);
    muse_text_add(text, ",");
}

void muse_snapshot_json(const muse_snapshot *snapshot, muse_text *text)
{
    const muse_store_stats *store = &snapshot->store;

    add_beginning(snapshot, text);
    add_requests(snapshot, text);
    add_times(text, "time_to_first_byte", &snapshot->times[MUSE_TIME_FIRST_BYTE]);
    add_times(text, "response_time", &snapshot->times[MUSE_TIME_TOTAL]);
    add_usage(snapshot, text);
    add_budgets(snapshot, text);
    add_engines(snapshot, text);
    add_endpoints(snapshot, text);
    muse_text_add(text,
                  ",\"cache\":{\"entries\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"size\":%" PRIu64
                  ",\"evicted\":%" PRIu64 ",\"recovered\":%" PRIu64 "}}\n",
                  (uint64_t)store->entries, (uint64_t)store->bytes_used,
                  (uint64_t)store->bytes_total, (uint64_t)store->evicted,
                  (uint64_t)store->recovered);
}

void muse_snapshot_health_json(const muse_snapshot *snapshot, muse_text *text)
{
    add_beginning(snapshot, text);
    muse_text_add(text,
                  "\"requests_processed\":%" PRIu64
                  ",\"features\":[\"streaming\",\"sharing\",\"cache\",\"stale\",\"fallback\","
                  "\"rate-limit\",\"events\",\"deferral\"],\"region\":true,\"models\":%zu",
                  snapshot->requests, snapshot->models);
    add_engines(snapshot, text);
    add_endpoints(snapshot, text);
    muse_text_add(text, "}\n");
}
