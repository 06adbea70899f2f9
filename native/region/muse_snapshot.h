/*
 * All that the region tells of how the module is doing, at one moment: the one source of what
 * administrators see, on whichever page. Prompts, keys and visitors are not in it.
 */
#ifndef MUSE_SNAPSHOT_H
#define MUSE_SNAPSHOT_H

#include "muse_budget.h"
#include "muse_counters.h"
#include "muse_engines.h"
#include "muse_region.h"
#include "muse_reports.h"
#include "muse_store.h"
#include "muse_text.h"
#include "muse_usage.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    MUSE_HEALTH_OK = 0,
    MUSE_HEALTH_DEGRADED, /* something is wrong, but every page can be had */
    MUSE_HEALTH_DOWN      /* no new page can be written; what the cache has is still served */
} muse_health;

/* What is wrong; as bits. Those before MUSE_PROBLEM_ENGINE mean that it is down. */
typedef enum {
    MUSE_PROBLEM_NO_ENGINE = 0, /* none is ready and moves */
    MUSE_PROBLEM_NO_MODELS,     /* there is none to be used */
    MUSE_PROBLEM_NO_ENDPOINT,   /* all rest or can't be used, in all engines */
    MUSE_PROBLEM_ENGINE,        /* not all engines are up */
    MUSE_PROBLEM_MODELS_INVALID,
    MUSE_PROBLEM_MODELS_ABSENT,
    MUSE_PROBLEM_ENDPOINT, /* not all endpoints answer */
    MUSE_PROBLEM_BUDGET,   /* one is used up for today */
    MUSE_PROBLEMS
} muse_problem;

/* A sentence without a full stop; never NULL. */
const char *muse_problem_text(muse_problem problem);

typedef struct {
    muse_engine_info info;
    int up;
    int reported; /* whether there is a report; of one that is not up it is its last */
    muse_report report;
} muse_engine_view;

typedef struct {
    uint64_t now;       /* muse_clock_ms() */
    uint64_t uptime_ms; /* of the region */
    uint64_t counts[MUSE_COUNTERS];
    uint64_t requests; /* all outcomes */
    muse_times times[MUSE_HISTOGRAMS];
    muse_store_stats store;
    size_t models; /* in the table */
    muse_health health;
    uint32_t problems; /* 1 << muse_problem */
    size_t usages;
    muse_usage usage[MUSE_USAGE_MAX]; /* each name once */
    size_t budgets;
    muse_budget budget[MUSE_BUDGETS_MAX];
    uint32_t engines;
    muse_engine_view engine[]; /* `engines` of them */
} muse_snapshot;

/*
 * Takes a snapshot of a server with so many engines. NULL: out of memory. To be freed with free().
 * Takes each shard's lock for a moment, so it is not for httpd's parent.
 */
muse_snapshot *muse_snapshot_take(muse_region *region, uint32_t engines);

/* As JSON: all of it, or what there is to know of its health. */
void muse_snapshot_json(const muse_snapshot *snapshot, muse_text *text);
void muse_snapshot_health_json(const muse_snapshot *snapshot, muse_text *text);

/* The word for it in texts of all kinds; never NULL. */
const char *muse_health_name(muse_health health);
const char *muse_outcome_name(muse_counter outcome);
const char *muse_endpoint_state_name(uint32_t state);
const char *muse_models_state_name(uint32_t state);

/* An amount of a budget in its unit: a whole number, or one with decimals. */
void muse_snapshot_amount(muse_text *text, muse_budget_unit unit, uint64_t amount);

/* The version of this build. */
const char *muse_version(void);

#ifdef __cplusplus
}
#endif
#endif
