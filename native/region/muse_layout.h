/*
 * The layout of the shared memory, and the process's handle of it. For the library alone.
 *
 *   0        +------------------------------+
 *            | header                       |  constant after creation, save the epoch
 *   1 page   +------------------------------+
 *            | engine 0 … 15                |  a cache line each; atomics
 *            +------------------------------+
 *            | report of engine 0 … 15      |  atomics; written by the engine alone
 *            +------------------------------+
 *            | model table: writers' mutex, |
 *            | generation, buffer 0, 1      |  atomics; written under the mutex
 *            +------------------------------+
 *            | counters: owners, then slot  |
 *            | 0 … 511                      |  six cache lines each; atomics
 *            +------------------------------+
 *            | usage: model 0 … 255         |  three cache lines each; atomics
 *            +------------------------------+
 *            | budgets: writers' mutex,     |
 *            | owners, then budget 0 … 255  |  atomics; new names under the mutex
 *            +------------------------------+
 *            | prompts: mutex, then one     |
 *            | record behind the other      |  all under the mutex
 *            +------------------------------+
 *            | limiter: bucket 0 … n-1      |  two cache lines each; atomics
 *            +------------------------------+
 *            | shard 0 … n-1 (muse_shard.h) |  all under the shard's mutex
 *            +------------------------------+
 *
 * Every part begins on a page. Where it begins follows from the three sizes in the header alone,
 * so there are no offsets that could be wrong.
 *
 * Trust: a process that maps the region can write nonsense anywhere in it. The others survive that
 * for every byte but those of the mutexes, which are pthread's: its lists of robust mutexes have
 * pointers in them. So a process that has more rights than the others (httpd's parent, as root)
 * must take no mutex: it creates, attaches and reads engines, counters and the epoch.
 */
#ifndef MUSE_LAYOUT_H
#define MUSE_LAYOUT_H

#include <pthread.h>
#include <stdatomic.h>

#include "muse_budget.h"
#include "muse_counters.h"
#include "muse_engines.h"
#include "muse_models.h"
#include "muse_prompts.h"
#include "muse_region.h"
#include "muse_reports.h"
#include "muse_usage.h"

#define MUSE_MAGIC UINT64_C(0x3149412d4553554d) /* "MUSE-AI1" in memory, little-endian */
/* The tests of upgrades build another one. */
#ifndef MUSE_LAYOUT_VERSION
#define MUSE_LAYOUT_VERSION 7u
#endif
#define MUSE_LINE 64u

typedef _Atomic(uint64_t) muse_word;

typedef struct {
    uint64_t magic; /* written last, so that a region half made is none */
    uint32_t version;
    uint16_t header_bytes;
    uint16_t mutex_bytes; /* a mutex is the one thing that 32 and 64 bits have each their own of */
    uint64_t total_bytes;
    uint64_t store_bytes;
    uint32_t shards;
    uint32_t clients;
    uint8_t hash_key[16]; /* SipHash key of the limiter */
    uint64_t made_at;     /* muse_clock_ms */
    muse_word epoch;      /* on a line of its own: the rest never changes */
    char pad2[MUSE_LINE - sizeof(muse_word)];
} muse_header;

typedef struct {
    muse_word state_failures; /* state in the low 32 bits, failures above; the supervisor writes */
    muse_word pid;            /* the supervisor writes */
    muse_word changed_at;     /* the supervisor writes */
    muse_word beat_at;        /* the engine writes */
    muse_word ends;           /* the supervisor counts */
    char pad[MUSE_LINE - 5 * sizeof(muse_word)];
} muse_engine_slot;

#define MUSE_REPORT_WORDS ((sizeof(muse_report) + 7) / 8)

typedef struct {
    muse_word sequence; /* odd while it is written; 0: nothing was ever reported */
    muse_word words[MUSE_REPORT_WORDS];
} muse_report_buffer;

#define MUSE_MODEL_WORDS 20 /* muse_model, padded to whole words */

typedef struct {
    muse_word sequence; /* odd while it is written */
    muse_word count;
    muse_word default_index;
    muse_word models[MUSE_MODELS_MAX][MUSE_MODEL_WORDS];
} muse_model_buffer;

typedef struct {
    pthread_mutex_t writers; /* robust; readers never take it */
    char pad[MUSE_LINE - sizeof(pthread_mutex_t)];
    muse_word generation; /* buffer generation & 1 is in force; 0: none yet */
    char pad2[MUSE_LINE - sizeof(muse_word)];
    muse_model_buffer buffers[2];
} muse_model_table;

typedef struct {
    muse_word buckets[MUSE_BUCKETS];
    muse_word sum;
} muse_histogram_words;

typedef struct {
    muse_word counts[16];
    muse_histogram_words times[MUSE_HISTOGRAMS];
    uint64_t pad[6];
} muse_counter_lines;

typedef struct {
    _Atomic(uint32_t) pids[MUSE_COUNTER_SLOTS]; /* a slot's process; 0: free */
    muse_counter_lines slots[MUSE_COUNTER_SLOTS];
} muse_counter_table;

enum { MUSE_USAGE_FREE = 0, MUSE_USAGE_NAMING, MUSE_USAGE_NAMED };

typedef struct {
    muse_word state; /* MUSE_USAGE_…; the name is constant once it is NAMED */
    muse_word uses[MUSE_USES];
    char pad[MUSE_LINE - (1 + MUSE_USES) * sizeof(muse_word)];
    muse_word name[(MUSE_MODEL_NAME_MAX + 1) / 8];
} muse_usage_slot;

#define MUSE_BUDGET_NAME_WORDS ((MUSE_BUDGET_NAME_MAX + 1) / 8)

typedef struct {
    muse_word named; /* 1: name and unit are constant */
    muse_word unit;  /* a muse_budget_unit */
    muse_word limit; /* of the last reservation */
    muse_word said;  /* whether somebody was told that it is gone */
    muse_word taken; /* this and the following: a day and an amount, see muse_budget.c */
    muse_word spent;
    uint64_t pad[2];
    muse_word held[MUSE_BUDGET_OWNERS];
    muse_word name[MUSE_BUDGET_NAME_WORDS];
} muse_budget_slot;

typedef struct {
    pthread_mutex_t writers; /* robust; only who enters a new name takes it */
    char pad[MUSE_LINE - sizeof(pthread_mutex_t)];
    _Atomic(uint32_t) owners[MUSE_BUDGET_OWNERS]; /* the process of each; 0: none */
    muse_budget_slot slots[MUSE_BUDGETS_MAX];
} muse_budget_table;

/* For some ten thousand files. Memory that nothing was written to costs nothing. */
#define MUSE_PROMPTS_BYTES (UINT32_C(1) << 20)

typedef struct {
    pthread_mutex_t mutex; /* robust */
    char pad[MUSE_LINE - sizeof(pthread_mutex_t)];
    muse_word used; /* bytes of whole records */
    muse_word lost; /* 1: something could not be noted; also set without the mutex */
    uint8_t bytes[MUSE_PROMPTS_BYTES - MUSE_LINE - 2 * sizeof(muse_word)];
} muse_prompt_table;

#define MUSE_BUCKET_CLIENTS 7

typedef struct {
    muse_word claim; /* muse_clock_ms of whoever enters a client; 0: free */
    struct {
        muse_word id;  /* 0: none */
        muse_word tat; /* theoretical arrival time, ns; bit 63: being given to another client */
    } clients[MUSE_BUCKET_CLIENTS];
    uint64_t pad;
} muse_limit_bucket;

_Static_assert(__atomic_always_lock_free(sizeof(muse_word), (muse_word *)0),
               "64-bit atomics need no lock");
_Static_assert(_Alignof(muse_word) == 8, "they are aligned, also where other 64-bit types are not");
_Static_assert(sizeof(pthread_mutex_t) <= MUSE_LINE, "a mutex fits a cache line");
_Static_assert(sizeof(muse_header) == 2 * MUSE_LINE, "the header has two cache lines");
_Static_assert(offsetof(muse_header, epoch) == MUSE_LINE, "the epoch has a cache line");
_Static_assert(sizeof(muse_engine_slot) == MUSE_LINE, "an engine has a cache line");
_Static_assert(sizeof(muse_model) == 156, "muse_model is the same for every compiler");
_Static_assert(sizeof(muse_model) <= MUSE_MODEL_WORDS * 8, "a model fits its words");
_Static_assert(offsetof(muse_model_table, generation) == MUSE_LINE, "it has a cache line");
_Static_assert(offsetof(muse_model_table, buffers) == 2 * MUSE_LINE, "no gap before the buffers");
_Static_assert(sizeof(muse_report) % 8 == 0, "a report is whole words");
_Static_assert(sizeof(muse_usage_slot) == 3 * MUSE_LINE, "a model's usage has whole lines");
_Static_assert(sizeof(muse_budget_slot) % MUSE_LINE == 0, "a budget has whole cache lines");
_Static_assert(offsetof(muse_budget_table, owners) == MUSE_LINE, "no gap behind the mutex");
_Static_assert(offsetof(muse_budget_table, slots) % MUSE_LINE == 0, "budgets begin on a line");
_Static_assert(offsetof(muse_prompt_table, used) == MUSE_LINE, "no gap behind the mutex");
_Static_assert(sizeof(muse_prompt_table) == MUSE_PROMPTS_BYTES, "nor at the end");
_Static_assert(sizeof(muse_counter_lines) == 6 * MUSE_LINE, "counters have whole cache lines");
_Static_assert(offsetof(muse_counter_table, slots) % MUSE_LINE == 0, "and begin on one");
_Static_assert(MUSE_COUNTERS <= 16, "all counters fit their lines");
_Static_assert(sizeof(muse_limit_bucket) == 2 * MUSE_LINE, "a bucket has two cache lines");

/* The process's own handle: pointers into its mapping and its checked copy of the sizes. */
struct muse_region {
    int fd;
    size_t bytes;
    muse_region_config config;
    muse_header *header; /* also the mapping's beginning; NULL while nothing is mapped */
    muse_engine_slot *engines;
    muse_report_buffer *reports;
    muse_model_table *models;
    muse_counter_table *counters;
    muse_usage_slot *usage;
    muse_budget_table *budgets;
    muse_prompt_table *prompts;
    muse_limit_bucket *buckets;
    uint8_t *shards; /* the first one */
    uint32_t bucket_count;
    uint32_t heads;      /* bucket heads in a shard, a power of two */
    uint32_t ring_units; /* of MUSE_UNIT bytes, in a shard's ring */
    size_t shard_bytes;  /* from one shard to the next */
};

#endif
