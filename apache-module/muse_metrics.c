#include <inttypes.h>

#include "muse_metrics.h"

enum { BILLION = 1000000000, MILLION = 1000000 };

static void begin(muse_text *text, const char *name, const char *type, const char *help)
{
    muse_text_add(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* A label's value: backslash, quotation mark and line feed are escaped, all else stands as it is.
 */
static void add_label(muse_text *text, const char *before, const char *name, const char *value)
{
    muse_text_add(text, "%s%s=\"", before, name);
    for (; *value; value++) {
        if (*value == '\\' || *value == '"') {
            muse_text_add(text, "\\%c", *value);
        } else if (*value == '\n') {
            muse_text_add(text, "\\n");
        } else {
            muse_text_add(text, "%c", *value);
        }
    }
    muse_text_add(text, "\"");
}

static void write_one(muse_text *text, const char *name, const char *type, const char *help,
                      uint64_t value)
{
    begin(text, name, type, help);
    muse_text_add(text, "%s %" PRIu64 "\n", name, value);
}

static void write_requests(const muse_snapshot *snapshot, muse_text *text)
{
    uint32_t i;

    begin(text, "muse_requests_total", "counter", "Requests for pages that have ended, by outcome");
    for (i = 0; i < MUSE_OUTCOMES; i++) {
        muse_text_add(text, "muse_requests_total{outcome=\"%s\"} %" PRIu64 "\n",
                      muse_outcome_name((muse_counter)i), snapshot->counts[i]);
    }
    write_one(text, "muse_requests_abandoned_total", "counter",
              "Requests whose visitors left before the end",
              snapshot->counts[MUSE_COUNT_ABANDONED]);
}

static void write_histogram(const muse_times *times, muse_text *text, const char *name,
                            const char *help)
{
    uint64_t count = 0;
    uint32_t b;

    begin(text, name, "histogram", help);
    for (b = 0; b < MUSE_BUCKETS; b++) {
        count += times->buckets[b];
        if (b < MUSE_BUCKETS - 1) {
            muse_text_add(text, "%s_bucket{le=\"%g\"} ", name, muse_bucket_bounds[b] / 1000.0);
        } else {
            muse_text_add(text, "%s_bucket{le=\"+Inf\"} ", name);
        }
        muse_text_add(text, "%" PRIu64 "\n", count);
    }
    muse_text_add(text, "%s_sum %" PRIu64 ".%06u\n%s_count %" PRIu64 "\n", name,
                  times->sum / MILLION, (unsigned)(times->sum % MILLION), name, count);
}

static void write_uses(const muse_snapshot *snapshot, muse_text *text, const char *name,
                       muse_use use, const char *label)
{
    size_t i;

    for (i = 0; i < snapshot->usages; i++) {
        const uint64_t value = snapshot->usage[i].uses[use];

        muse_text_add(text, "%s", name);
        add_label(text, "{", "model", snapshot->usage[i].name);
        muse_text_add(text, "%s} ", label);
        if (use == MUSE_USE_COST || use == MUSE_USE_SAVED) {
            muse_text_add(text, "%" PRIu64 ".%09u\n", value / BILLION, (unsigned)(value % BILLION));
        } else {
            muse_text_add(text, "%" PRIu64 "\n", value);
        }
    }
}

static void write_models(const muse_snapshot *snapshot, muse_text *text)
{
    begin(text, "muse_completions_total", "counter", "Answers asked for from providers");
    write_uses(snapshot, text, "muse_completions_total", MUSE_USE_COMPLETIONS, "");
    begin(text, "muse_completion_failures_total", "counter", "Answers from providers that failed");
    write_uses(snapshot, text, "muse_completion_failures_total", MUSE_USE_FAILURES, "");
    begin(text, "muse_tokens_total", "counter", "Tokens that providers counted");
    write_uses(snapshot, text, "muse_tokens_total", MUSE_USE_INPUT, ",direction=\"input\"");
    write_uses(snapshot, text, "muse_tokens_total", MUSE_USE_OUTPUT, ",direction=\"output\"");
    begin(text, "muse_cost_total", "counter",
          "What these tokens cost, in the currency of models.json");
    write_uses(snapshot, text, "muse_cost_total", MUSE_USE_COST, "");
    begin(text, "muse_cost_saved_total", "counter",
          "What answers from the cache or shared with others would have cost");
    write_uses(snapshot, text, "muse_cost_saved_total", MUSE_USE_SAVED, "");
}

static uint64_t limit_of(const muse_budget *budget)
{
    return budget->limit;
}

static uint64_t used_of(const muse_budget *budget)
{
    return budget->used;
}

static void write_budgets(const muse_snapshot *snapshot, muse_text *text, const char *name,
                          const char *help, uint64_t (*value)(const muse_budget *budget))
{
    size_t i;

    begin(text, name, "gauge", help);
    for (i = 0; i < snapshot->budgets; i++) {
        const muse_budget *budget = &snapshot->budget[i];

        muse_text_add(text, "%s", name);
        add_label(text, "{", "budget", budget->name);
        add_label(text, ",", "unit", muse_budget_unit_name(budget->unit));
        muse_text_add(text, "} ");
        muse_snapshot_amount(text, budget->unit, value(budget));
        muse_text_add(text, "\n");
    }
}

static void write_engines(const muse_snapshot *snapshot, muse_text *text)
{
    uint32_t i;

    begin(text, "muse_engine_up", "gauge", "Whether an engine is ready and moves");
    for (i = 0; i < snapshot->engines; i++) {
        muse_text_add(text, "muse_engine_up{engine=\"%u\"} %d\n", i, snapshot->engine[i].up);
    }
    begin(text, "muse_engine_restarts_total", "counter", "How often an engine ended unasked");
    for (i = 0; i < snapshot->engines; i++) {
        muse_text_add(text, "muse_engine_restarts_total{engine=\"%u\"} %" PRIu64 "\n", i,
                      snapshot->engine[i].info.ends);
    }
    begin(text, "muse_completions_in_flight", "gauge", "Answers that are being written");
    for (i = 0; i < snapshot->engines; i++) {
        muse_text_add(text, "muse_completions_in_flight{engine=\"%u\"} %u\n", i,
                      snapshot->engine[i].report.in_flight);
    }
}

typedef uint32_t (*endpoint_value)(const muse_endpoint *endpoint);

static uint32_t is_askable(const muse_endpoint *endpoint)
{
    return endpoint->state <= MUSE_ENDPOINT_FAILING;
}

static uint32_t is_limited(const muse_endpoint *endpoint)
{
    return endpoint->state == MUSE_ENDPOINT_LIMITED;
}

static uint32_t calls_of(const muse_endpoint *endpoint)
{
    return endpoint->active;
}

/* As the engines that are up know them: what others knew once says nothing. */
static void write_endpoints(const muse_snapshot *snapshot, muse_text *text, const char *name,
                            const char *help, endpoint_value value)
{
    uint32_t i;
    uint32_t e;

    begin(text, name, "gauge", help);
    for (i = 0; i < snapshot->engines; i++) {
        const muse_engine_view *view = &snapshot->engine[i];

        for (e = 0; view->up && e < view->report.count; e++) {
            const muse_endpoint *endpoint = &view->report.endpoints[e];

            muse_text_add(text, "%s{engine=\"%u\"", name, i);
            add_label(text, ",", "model", endpoint->model);
            add_label(text, ",", "endpoint", endpoint->url);
            muse_text_add(text, "} %u\n", value(endpoint));
        }
    }
}

void muse_metrics_write(const muse_snapshot *snapshot, muse_text *text)
{
    const muse_store_stats *store = &snapshot->store;

    begin(text, "muse_info", "gauge", "The version of mod_muse_ai");
    muse_text_add(text, "muse_info{version=\"%s\"} 1\n", muse_version());
    begin(text, "muse_uptime_seconds", "gauge", "For how long these numbers have been counted");
    muse_text_add(text, "muse_uptime_seconds %" PRIu64 ".%03u\n", snapshot->uptime_ms / 1000,
                  (unsigned)(snapshot->uptime_ms % 1000));
    write_one(text, "muse_up", "gauge", "Whether new pages can be written",
              snapshot->health != MUSE_HEALTH_DOWN);
    write_requests(snapshot, text);
    write_histogram(&snapshot->times[MUSE_TIME_FIRST_BYTE], text, "muse_time_to_first_byte_seconds",
                    "Time until answers from an engine began; those from the cache are not in it");
    write_histogram(&snapshot->times[MUSE_TIME_TOTAL], text, "muse_response_time_seconds",
                    "Time until answers from an engine ended; those from the cache are not in it");
    write_models(snapshot, text);
    write_budgets(snapshot, text, "muse_budget_limit", "What a budget has for a day", limit_of);
    write_budgets(snapshot, text, "muse_budget_used",
                  "What of it is used today, with what calls under way have reserved", used_of);
    write_engines(snapshot, text);
    write_endpoints(snapshot, text, "muse_endpoint_up", "Whether an endpoint is asked", is_askable);
    write_endpoints(snapshot, text, "muse_endpoint_rate_limited",
                    "Whether an endpoint is left alone because it said so", is_limited);
    write_endpoints(snapshot, text, "muse_endpoint_calls_in_flight", "Calls under way", calls_of);
    write_one(text, "muse_models", "gauge", "Models in models.json", snapshot->models);
    write_one(text, "muse_cache_entries", "gauge", "Answers and aliases in the cache",
              store->entries);
    write_one(text, "muse_cache_bytes", "gauge", "Bytes that the cache uses", store->bytes_used);
    write_one(text, "muse_cache_size_bytes", "gauge", "Bytes that the cache has",
              store->bytes_total);
    write_one(text, "muse_cache_evicted_total", "counter", "Entries that gave way to newer ones",
              store->evicted);
}
