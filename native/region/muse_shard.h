/*
 * One shard of the page store: chains of records in a ring. For the library alone.
 *
 *   +-------+-----------+------------------------+------------------------------------------+
 *   | mutex | ring      | chain heads (u32 each, | ring, in units of 16 bytes               |
 *   |       | state     | unit offset + 1, or 0) |                                          |
 *   +-------+-----------+------------------------+------------------------------------------+
 *
 * The ring holds records one behind the other, oldest first:
 *
 *   one lap:    |      tail ▓▓▓▓▓▓▓▓▓▓ head             end|
 *   two laps:   | ▓▓▓▓▓ head      tail ▓▓▓▓▓▓▓▓▓ end       |
 *
 *   a record:   | muse_record | head lines | body | padding to 16 |
 *
 * A record is never split; one that does not fit behind head begins a new lap. Room is made by
 * taking the oldest record away. Live records are chained by their keys; a replaced or removed one
 * is dead and only waits for its turn.
 *
 * Everything but the mutex is guarded by the mutex. Whoever has it works on copies: of the ring
 * state, checked when the shard is opened and written back when it is closed, and of each record,
 * checked after it was copied. What makes no sense empties the shard. So nonsense from a process
 * that ignores the mutex costs entries, and never an access outside of the shard.
 */
#ifndef MUSE_SHARD_H
#define MUSE_SHARD_H

#include "muse_layout.h"
#include "muse_store.h"

#define MUSE_UNIT 16u

typedef struct {
    uint32_t head;    /* unit where the next record goes */
    uint32_t tail;    /* unit of the oldest record */
    uint32_t end;     /* where the older lap ends; in one lap: where the ring ends */
    uint32_t records; /* in the ring, live and dead */
    uint64_t entries; /* live records */
    uint64_t used;    /* units of all records */
    uint64_t evicted;
    uint64_t recovered;
    char pad[16];
} muse_ring;

typedef struct {
    pthread_mutex_t mutex; /* robust, process-shared */
    char pad[MUSE_LINE - sizeof(pthread_mutex_t)];
    muse_ring ring;
} muse_shard;

typedef struct {
    uint32_t magic;
    uint32_t check; /* over all that follows save next and live */
    uint32_t next;  /* in the chain: unit offset + 1, or 0 */
    uint32_t live;
    uint32_t units; /* of the whole record */
    uint32_t flags;
    uint64_t stored_at;
    uint64_t fresh_until;
    uint64_t stale_until;
    uint32_t head_len;
    uint32_t body_len;
    muse_key key;
    uint32_t held_until; /* seconds of muse_clock_ms: until then somebody writes it anew */
} muse_record;

_Static_assert(sizeof(muse_ring) == MUSE_LINE, "the ring state has a cache line");
_Static_assert(sizeof(muse_shard) == 2 * MUSE_LINE, "the chain heads begin on a cache line");
_Static_assert(sizeof(muse_record) == 80, "a record has no gaps, and its data is aligned");

/* A shard that this process has locked. */
typedef struct {
    muse_shard *shared;
    uint32_t *heads;
    uint8_t *bytes; /* the ring's */
    uint32_t head_mask;
    uint32_t units; /* in the ring */
    muse_ring ring; /* our copy */
} muse_shard_view;

/* A live record that was found. */
typedef struct {
    uint32_t *link; /* what leads to it: unit offset + 1 */
    uint32_t offset;
    muse_record record; /* our copy, checked */
} muse_found;

/* Makes shard index of a new region. 0 or an errno. */
int muse_shard_format(const muse_region *region, uint32_t index);

/* Locks a shard, and empties it if its last owner died in it. 0, or an errno: not locked. */
int muse_shard_open(const muse_region *region, uint32_t index, muse_shard_view *shard);
void muse_shard_close(const muse_shard_view *shard);

void muse_shard_empty(muse_shard_view *shard);

/* 1 and *found, or 0. */
int muse_shard_find(muse_shard_view *shard, const muse_key *key, muse_found *found);

/* A walk through all records of a shard, from the oldest on. */
typedef struct {
    uint32_t offset; /* of the next one */
    uint32_t left;
} muse_walk;

muse_walk muse_shard_walk(const muse_shard_view *shard);

/* 1 and the next record, live or dead, in *found, which has no link; 0: there is no more. */
int muse_shard_next(muse_shard_view *shard, muse_walk *walk, muse_found *found);

/* Takes a record that was just found out of its chain. */
void muse_shard_drop(muse_shard_view *shard, const muse_found *found);

/* Units that a record of these lengths takes. */
uint64_t muse_shard_units(uint32_t head_len, uint32_t body_len);

/* Notes in a record that was just found until when it is held. */
void muse_shard_hold(muse_shard_view *shard, muse_found *found, uint32_t held_until);

/* Head and body of a record that was just found. */
const uint8_t *muse_shard_data(const muse_shard_view *shard, const muse_found *found);

/*
 * Adds a record, whose key must not be there; it takes a quarter of the ring at most. The oldest
 * ones give way.
 */
void muse_shard_append(muse_shard_view *shard, const muse_key *key, const muse_entry_info *info,
                       const void *head, const void *body);

#endif
