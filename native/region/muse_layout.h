/*
 * The region's layout, for the library alone.
 *
 *   offset 0      header: magic, version, sizes, offsets of the parts; written once at creation
 *   + 1 page      engines, model table, counters, limiter buckets, page store shards, each on a
 *                 cache line of its own
 *
 *   a shard:      | mutex, ring state | bucket heads (u32 each) | ring of records …             |
 *   a record:     | muse_record | head | body | padding to 16 |
 */
#ifndef MUSE_LAYOUT_H
#define MUSE_LAYOUT_H

#include <pthread.h>
#include <stdatomic.h>

#include "muse_counters.h"
#include "muse_engines.h"
#include "muse_models.h"
#include "muse_region.h"
#include "muse_store.h"

#define MUSE_MAGIC UINT64_C(0x3149412d4553554d) /* "MUSE-AI1" in memory, little-endian */
#define MUSE_LAYOUT_VERSION 1u
#define MUSE_LINE 64u
#define MUSE_UNIT 16u /* records begin at multiples of this; offsets in a ring count in it */

typedef _Atomic(uint64_t) muse_word;

/* Written by the creator, constant afterwards, save epoch (atomic). */
typedef struct {
    uint64_t magic;
    uint32_t version;
    uint32_t header_bytes;
    uint64_t total_bytes;
    uint64_t store_bytes;
    uint32_t shards;
    uint32_t clients;
    uint8_t hash_key[16]; /* SipHash key of the limiter */
    char pad[16];
    muse_word epoch;
} muse_header;

/* One engine; state_failures packs both so that readers see them together. */
typedef struct {
    muse_word state_failures; /* state in the low 32 bits, failures above; the supervisor writes */
    muse_word pid;            /* the supervisor writes */
    muse_word changed_at;     /* the supervisor writes */
    muse_word beat_at;        /* the engine writes */
    char pad[32];
} muse_engine_slot;

#define MUSE_MODEL_WORDS 20 /* muse_model, padded to whole words */

typedef struct {
    muse_word sequence; /* odd while it is written */
    muse_word count;
    muse_word default_index;
    muse_word models[MUSE_MODELS_MAX][MUSE_MODEL_WORDS];
} muse_model_buffer;

typedef struct {
    pthread_mutex_t writers; /* robust; readers never take it */
    char pad[128 - sizeof(pthread_mutex_t)];
    muse_word generation; /* buffer generation & 1 is in force */
    char pad2[MUSE_LINE - sizeof(muse_word)];
    muse_model_buffer buffers[2];
} muse_model_table;

typedef struct {
    muse_word counts[16];
} muse_counter_lines;

typedef struct {
    _Atomic(uint32_t) pids[MUSE_COUNTER_SLOTS];
    muse_counter_lines slots[MUSE_COUNTER_SLOTS];
} muse_counter_table;

#define MUSE_BUCKET_CLIENTS 7

typedef struct {
    muse_word claim; /* muse_clock_ms of whoever enters a client; 0: free */
    struct {
        muse_word id;  /* 0: none */
        muse_word tat; /* theoretical arrival time, ns; bit 63: being given to another client */
    } clients[MUSE_BUCKET_CLIENTS];
    uint64_t pad;
} muse_limit_bucket;

/* All but the mutex is guarded by the mutex. Ring offsets and lengths are in MUSE_UNIT. */
typedef struct {
    pthread_mutex_t mutex; /* robust, process-shared */
    char pad[64 - sizeof(pthread_mutex_t)];
    uint32_t head;    /* where the next record goes */
    uint32_t tail;    /* the oldest record */
    uint32_t end;     /* where the older lap ends while the newer one is before it */
    uint32_t records; /* live and dead */
    uint64_t entries; /* live */
    uint64_t used;    /* units in records */
    uint64_t evicted;
    uint64_t recovered;
    char pad2[16];
} muse_shard;

typedef struct {
    uint32_t magic;
    uint32_t units; /* of the whole record */
    uint32_t next;  /* in the bucket's chain: unit offset + 1; 0: none */
    uint32_t live;
    muse_key key;
    uint32_t flags;
    uint64_t stored_at;
    uint64_t fresh_until;
    uint64_t stale_until;
    uint32_t head_len;
    uint32_t body_len;
    uint32_t pad[2];
} muse_record;

_Static_assert(sizeof(muse_header) == 80, "header");
_Static_assert(sizeof(muse_engine_slot) == MUSE_LINE, "an engine has a cache line");
_Static_assert(sizeof(muse_model) <= MUSE_MODEL_WORDS * 8, "a model fits its words");
_Static_assert(sizeof(muse_counter_lines) == 2 * MUSE_LINE, "counters have whole cache lines");
_Static_assert(sizeof(muse_limit_bucket) == 2 * MUSE_LINE, "a bucket has two cache lines");
_Static_assert(sizeof(muse_shard) == 2 * MUSE_LINE, "a shard's state has two cache lines");
_Static_assert(sizeof(muse_record) % MUSE_UNIT == 0, "a record's data is aligned");
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "64-bit atomics need no lock");

/* The process's own handle: pointers into its mapping and its checked copy of the sizes. */
struct muse_region {
    int fd;
    size_t bytes;
    muse_region_config config;
    muse_header *header;
    muse_engine_slot *engines;
    muse_model_table *models;
    muse_counter_table *counters;
    muse_limit_bucket *buckets;
    uint32_t bucket_count;
    uint8_t *shards;     /* first shard */
    size_t shard_bytes;  /* from one shard to the next */
    uint32_t heads;      /* bucket heads in a shard, a power of two */
    uint32_t ring_units; /* units in a shard's ring */
};

/* A mutex for several processes that survives its owner's death. 0 or an errno. */
int muse_mutex_init(pthread_mutex_t *mutex);

/*
 * Locks; waits 50 ms at most, so that a stopped or hostile owner costs a miss and not a thread.
 * 0, EOWNERDEAD (locked; repair, then muse_mutex_repaired), or another errno (not locked).
 */
int muse_mutex_lock(pthread_mutex_t *mutex);

/* After EOWNERDEAD, once what the mutex guards is whole again. */
void muse_mutex_repaired(pthread_mutex_t *mutex);

/* Makes all shards empty; for creation. 0 or an errno. */
int muse_store_format(muse_region *region);

#endif
