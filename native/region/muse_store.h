/*
 * The page store: key to answer. A key is a SHA-1, or is made by muse_store_key.
 *
 * Sharded by key. A shard has a robust process-shared mutex, an index and a ring of bytes: first
 * in, first out. An owner that dies inside a shard empties that shard and nothing else. No call
 * blocks for longer than one copy of an entry, or half a second when a shard's owner has been
 * stopped.
 */
#ifndef MUSE_STORE_H
#define MUSE_STORE_H

#include "muse_region.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MUSE_KEY_BYTES 20

typedef struct {
    uint8_t bytes[MUSE_KEY_BYTES];
} muse_key;

enum {
    MUSE_ENTRY_ALIAS = 1 /* the body is the 20 bytes of another key */
};

/*
 * The key for what these bytes say, in this region: a keyed hash of 128 bits, so that who chooses
 * the bytes can't choose two with the same key.
 */
void muse_store_key(const muse_region *region, const void *bytes, size_t length, muse_key *key);

/* The most that an entry is held for at a time; a longer time in the region is nonsense. */
enum { MUSE_HOLD_MOST = 3600 };

/* Times are muse_clock_ms() milliseconds, so the wall clock may be set without harm. */
typedef struct {
    uint64_t stored_at;   /* when the answer was written by its provider: Age counts from here */
    uint64_t fresh_until; /* served without question before this */
    uint64_t stale_until; /* kept, and served by those who accept stale ones, before this */
    uint32_t flags;       /* MUSE_ENTRY_… */
    uint32_t head_len;    /* bytes; header lines "Name: value\n" for the reader to parse */
    uint32_t body_len;    /* bytes */
} muse_entry_info;

/*
 * Gives size > 0 bytes of the caller's memory, or NULL. Called with the shard locked: it must
 * neither call back into the region nor block.
 */
typedef void *(*muse_alloc_fn)(void *context, size_t size);

/*
 * Copies the entry under key: info, and head followed by body into one piece from alloc, given in
 * *bytes (NULL when both lengths are 0, and without alloc, when info alone is wanted). An entry
 * past stale_until at now_ms is MUSE_MISS, and so is one whose shard's lock can't be had. MUSE_OK,
 * MUSE_MISS, MUSE_ENOMEM (alloc gave NULL).
 */
muse_status muse_store_get(muse_region *region, const muse_key *key, uint64_t now_ms,
                           muse_entry_info *info, muse_alloc_fn alloc, void *context,
                           uint8_t **bytes);

/*
 * Stores head and body under key, replacing what was there; the oldest entries of the shard give
 * way. Lengths are taken from info. MUSE_TOO_LARGE when the entry, with 80 bytes of its own, is
 * above a quarter of a shard (an older entry under key is removed then); MUSE_EINVAL when
 * fresh_until > stale_until or an alias's body is not 20 bytes; MUSE_ESYSTEM when the shard's lock
 * could not be had, with ETIMEDOUT in errno when its owner has been stopped.
 */
muse_status muse_store_put(muse_region *region, const muse_key *key, const muse_entry_info *info,
                           const void *head, const void *body);

/*
 * Takes it on to write the entry under key anew. MUSE_OK: it is the caller's to do, and nobody
 * else's for so many seconds, or until there is a new entry. MUSE_MISS: somebody else has it, it is
 * fresh, or there is none. Whoever takes longer holds on to it with muse_store_hold; from one that
 * died it goes to another when the time is over. Exact over all threads and processes.
 */
muse_status muse_store_claim(muse_region *region, const muse_key *key, uint64_t now_ms,
                             uint32_t seconds);

/* Nobody gets the entry under key claimed for so many seconds. MUSE_OK or MUSE_MISS. */
muse_status muse_store_hold(muse_region *region, const muse_key *key, uint64_t now_ms,
                            uint32_t seconds);

/* MUSE_OK or MUSE_MISS. */
muse_status muse_store_remove(muse_region *region, const muse_key *key);

/* Empties every shard whose lock can be had. */
void muse_store_clear(muse_region *region);

typedef struct {
    uint64_t entries;
    uint64_t bytes_used; /* replaced and removed entries too, until their turn to give way */
    uint64_t bytes_total;
    uint64_t evicted;   /* entries that gave way since the region was made */
    uint64_t recovered; /* shards that were emptied because their owner died */
} muse_store_stats;

void muse_store_stats_get(muse_region *region, muse_store_stats *stats);

#ifdef __cplusplus
}
#endif
#endif
