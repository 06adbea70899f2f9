#include "muse_purge.h"

#include <string.h>

#include "muse_shard.h"

/* A mark stays for as long as there may be anything from before it. */
static const uint64_t TEN_YEARS = UINT64_C(10) * 365 * 86400 * 1000;

/* Answers whose aliases are gone, to be removed when no shard is locked. */
typedef struct {
    muse_key keys[64];
    uint32_t count;
} batch;

enum { BATCH = sizeof((batch *)NULL)->keys / sizeof(muse_key) };

static int is_of_page(const muse_shard_view *shard, const muse_found *found, const muse_key *tag)
{
    const muse_record *record = &found->record;

    return record->live && (record->flags & MUSE_ENTRY_ALIAS) && record->head_len >= sizeof *tag &&
           !memcmp(muse_shard_data(shard, found), tag, sizeof *tag);
}

/* Drops the page's aliases in one shard until the batch is full. 0, or an errno: not locked. */
static int drop_aliases(const muse_region *region, uint32_t index, const muse_key *tag, batch *gone)
{
    muse_shard_view shard;
    muse_walk walk;
    muse_found found;
    muse_found chained;
    const int error = muse_shard_open(region, index, &shard);

    gone->count = 0;
    if (error) {
        return error;
    }
    walk = muse_shard_walk(&shard);
    while (gone->count < BATCH && muse_shard_next(&shard, &walk, &found)) {
        if (!is_of_page(&shard, &found, tag)) {
            continue;
        }
        memcpy(&gone->keys[gone->count++], muse_shard_data(&shard, &found) + found.record.head_len,
               sizeof(muse_key));
        if (!muse_shard_find(&shard, &found.record.key, &chained) ||
            chained.offset != found.offset) {
            muse_shard_empty(
                &shard); /* a live record that its chain does not lead to is nonsense */
            break;
        }
        muse_shard_drop(&shard, &chained);
    }
    muse_shard_close(&shard);
    return 0;
}

/* 0, or an errno: the lock of a shard could not be had, and what it and later ones have stays. */
static int remove_answers(muse_region *region, const batch *gone)
{
    muse_shard_view shard;
    muse_found found;
    uint32_t i;

    for (i = 0; i < gone->count; i++) {
        const muse_key *key = &gone->keys[i];
        const uint32_t index = key->bytes[0] & (region->config.shards - 1);
        const int error = muse_shard_open(region, index, &shard);

        if (error) {
            return error;
        }
        if (muse_shard_find(&shard, key, &found)) {
            muse_shard_drop(&shard, &found);
        }
        muse_shard_close(&shard);
    }
    return 0;
}

muse_status muse_purge_page(muse_region *region, const muse_key *tag, uint64_t now_ms,
                            uint64_t *purged)
{
    const muse_entry_info mark = {
        .stored_at = now_ms, .fresh_until = now_ms + TEN_YEARS, .stale_until = now_ms + TEN_YEARS};
    muse_status status = muse_store_put(region, tag, &mark, NULL, NULL);
    batch gone;
    uint32_t i;

    *purged = 0;
    for (i = 0; i < region->config.shards && status == MUSE_OK; i++) {
        do {
            const int error = drop_aliases(region, i, tag, &gone);

            *purged += gone.count;
            if (error || remove_answers(region, &gone)) {
                status = MUSE_ESYSTEM;
            }
        } while (gone.count == BATCH && status == MUSE_OK);
    }
    return status;
}

muse_status muse_purge_all(muse_region *region, uint64_t *purged)
{
    muse_status status = MUSE_OK;
    muse_shard_view shard;
    uint32_t i;

    *purged = 0;
    (void)muse_epoch_raise(region);
    for (i = 0; i < region->config.shards; i++) {
        if (muse_shard_open(region, i, &shard)) {
            status = MUSE_ESYSTEM;
            continue;
        }
        *purged += shard.ring.entries;
        muse_shard_empty(&shard);
        muse_shard_close(&shard);
    }
    return status;
}
