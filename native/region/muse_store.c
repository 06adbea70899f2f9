#include "muse_store.h"

#include <errno.h>
#include <string.h>

#include "muse_shard.h"
#include "muse_siphash.h"

void muse_store_key(const muse_region *region, const void *bytes, size_t length, muse_key *key)
{
    memset(key, 0, sizeof *key);
    muse_siphash128(region->header->hash_key, bytes, length, key->bytes);
}

static int open_shard_of(const muse_region *region, const muse_key *key, muse_shard_view *shard)
{
    return muse_shard_open(region, key->bytes[0] & (region->config.shards - 1), shard);
}

/* Copies what was found out of its shard, which is locked. */
static muse_status copy_out(const muse_shard_view *shard, const muse_found *found,
                            muse_entry_info *info, muse_alloc_fn alloc, void *context,
                            uint8_t **bytes)
{
    const muse_record *record = &found->record;
    const size_t length = (size_t)record->head_len + record->body_len;

    *info = (muse_entry_info){.stored_at = record->stored_at,
                              .fresh_until = record->fresh_until,
                              .stale_until = record->stale_until,
                              .flags = record->flags,
                              .head_len = record->head_len,
                              .body_len = record->body_len};
    if (length == 0 || !alloc) {
        return MUSE_OK;
    }
    *bytes = alloc(context, length);
    if (!*bytes) {
        return MUSE_ENOMEM;
    }
    memcpy(*bytes, muse_shard_data(shard, found), length);
    return MUSE_OK;
}

muse_status muse_store_get(muse_region *region, const muse_key *key, uint64_t now_ms,
                           muse_entry_info *info, muse_alloc_fn alloc, void *context,
                           uint8_t **bytes)
{
    muse_status status = MUSE_MISS;
    muse_shard_view shard;
    muse_found found;

    *bytes = NULL;
    if (open_shard_of(region, key, &shard)) {
        return MUSE_MISS;
    }
    if (muse_shard_find(&shard, key, &found) && found.record.stale_until > now_ms) {
        status = copy_out(&shard, &found, info, alloc, context, bytes);
    }
    muse_shard_close(&shard);
    return status;
}

muse_status muse_store_put(muse_region *region, const muse_key *key, const muse_entry_info *info,
                           const void *head, const void *body)
{
    const uint64_t units = muse_shard_units(info->head_len, info->body_len);
    muse_shard_view shard;
    muse_found older;
    int error;

    if (info->fresh_until > info->stale_until ||
        ((info->flags & MUSE_ENTRY_ALIAS) && info->body_len != MUSE_KEY_BYTES)) {
        return MUSE_EINVAL;
    }
    error = open_shard_of(region, key, &shard);
    if (error) {
        errno = error;
        return MUSE_ESYSTEM;
    }
    if (muse_shard_find(&shard, key, &older)) {
        muse_shard_drop(&shard, &older);
    }
    if (units <= shard.units / 4) {
        muse_shard_append(&shard, key, info, head, body);
    }
    muse_shard_close(&shard);
    return units <= shard.units / 4 ? MUSE_OK : MUSE_TOO_LARGE;
}

static int is_held(const muse_record *record, uint64_t now_ms)
{
    const uint64_t now = now_ms / 1000;

    return record->held_until > now && record->held_until - now <= MUSE_HOLD_MOST + 1;
}

static muse_status hold(muse_region *region, const muse_key *key, uint64_t now_ms, uint32_t seconds,
                        int claim)
{
    const uint64_t until =
        (now_ms + 999) / 1000 + (seconds < MUSE_HOLD_MOST ? seconds : MUSE_HOLD_MOST);
    muse_status status = MUSE_MISS;
    muse_shard_view shard;
    muse_found found;

    if (open_shard_of(region, key, &shard)) {
        return MUSE_MISS;
    }
    if (muse_shard_find(&shard, key, &found) && found.record.stale_until > now_ms &&
        !(claim && (found.record.fresh_until > now_ms || is_held(&found.record, now_ms)))) {
        muse_shard_hold(&shard, &found, (uint32_t)until);
        status = MUSE_OK;
    }
    muse_shard_close(&shard);
    return status;
}

muse_status muse_store_claim(muse_region *region, const muse_key *key, uint64_t now_ms,
                             uint32_t seconds)
{
    return hold(region, key, now_ms, seconds, 1);
}

muse_status muse_store_hold(muse_region *region, const muse_key *key, uint64_t now_ms,
                            uint32_t seconds)
{
    return hold(region, key, now_ms, seconds, 0);
}

muse_status muse_store_remove(muse_region *region, const muse_key *key)
{
    muse_shard_view shard;
    muse_found found;
    int there;

    if (open_shard_of(region, key, &shard)) {
        return MUSE_MISS;
    }
    there = muse_shard_find(&shard, key, &found);
    if (there) {
        muse_shard_drop(&shard, &found);
    }
    muse_shard_close(&shard);
    return there ? MUSE_OK : MUSE_MISS;
}

void muse_store_clear(muse_region *region)
{
    muse_shard_view shard;
    uint32_t i;

    for (i = 0; i < region->config.shards; i++) {
        if (!muse_shard_open(region, i, &shard)) {
            muse_shard_empty(&shard);
            muse_shard_close(&shard);
        }
    }
}

void muse_store_stats_get(muse_region *region, muse_store_stats *stats)
{
    muse_shard_view shard;
    uint32_t i;

    *stats = (muse_store_stats){.bytes_total = (uint64_t)region->config.shards *
                                               region->ring_units * MUSE_UNIT};
    for (i = 0; i < region->config.shards; i++) {
        if (!muse_shard_open(region, i, &shard)) {
            stats->entries += shard.ring.entries;
            stats->bytes_used += shard.ring.used * MUSE_UNIT;
            stats->evicted += shard.ring.evicted;
            stats->recovered += shard.ring.recovered;
            muse_shard_close(&shard);
        }
    }
}
