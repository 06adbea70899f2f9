/*
 * A shard's ring holds records one behind the other, oldest first:
 *
 *   one lap:    |      tail ▓▓▓▓▓▓▓▓▓▓ head              |
 *   two laps:   | ▓▓▓▓▓ head      tail ▓▓▓▓▓▓▓▓▓ end     |
 *
 * A record is never split; what does not fit behind head begins a new lap. Room is made by taking
 * the oldest record away. Live records are chained from the bucket heads by their keys; a replaced
 * or removed one is dead and only waits for its turn.
 */
#include <errno.h>
#include <string.h>

#include "muse_layout.h"

static const uint32_t RECORD_MAGIC = 0x4d525344;

typedef struct {
    muse_shard *state;
    uint32_t *heads;
    uint8_t *ring;
    uint32_t head_mask;
    uint32_t units; /* in the ring */
} shard_view;

static shard_view view(const muse_region *region, uint32_t index)
{
    uint8_t *base = region->shards + (size_t)index * region->shard_bytes;
    shard_view shard;

    shard.state = (muse_shard *)(void *)base;
    shard.heads = (uint32_t *)(void *)(base + sizeof(muse_shard));
    shard.ring = base + sizeof(muse_shard) + region->heads * sizeof(uint32_t);
    shard.head_mask = region->heads - 1;
    shard.units = region->ring_units;
    return shard;
}

static void empty(const shard_view *shard)
{
    muse_shard *state = shard->state;

    state->head = state->tail = state->records = 0;
    state->end = shard->units;
    state->entries = state->used = 0;
    memset(shard->heads, 0, ((size_t)shard->head_mask + 1) * sizeof(uint32_t));
}

int muse_store_format(muse_region *region)
{
    uint32_t i;
    int error = 0;

    for (i = 0; i < region->config.shards && !error; i++) {
        const shard_view shard = view(region, i);

        error = muse_mutex_init(&shard.state->mutex);
        empty(&shard);
    }
    return error;
}

/* 1 when locked; a shard whose owner died is emptied. 0: not to be had. */
static int lock(const shard_view *shard)
{
    const int error = muse_mutex_lock(&shard->state->mutex);

    if (error == EOWNERDEAD) {
        empty(shard);
        shard->state->recovered++;
        muse_mutex_repaired(&shard->state->mutex);
    }
    return error == 0 || error == EOWNERDEAD;
}

static void unlock(const shard_view *shard)
{
    pthread_mutex_unlock(&shard->state->mutex);
}

static shard_view shard_of(const muse_region *region, const muse_key *key)
{
    return view(region, key->bytes[0] & (region->config.shards - 1));
}

static uint32_t *head_of(const shard_view *shard, const muse_key *key)
{
    uint32_t hash;

    memcpy(&hash, key->bytes + 4, sizeof hash);
    return &shard->heads[hash & shard->head_mask];
}

/* The record at a unit offset, or NULL when what stands there can be none. */
static muse_record *record_at(const shard_view *shard, uint32_t offset)
{
    muse_record *record;
    uint32_t units;

    if (offset >= shard->units || shard->units - offset < sizeof(muse_record) / MUSE_UNIT) {
        return NULL;
    }
    record = (muse_record *)(void *)(shard->ring + (size_t)offset * MUSE_UNIT);
    units = record->units;
    if (record->magic != RECORD_MAGIC || units > shard->units - offset ||
        (uint64_t)sizeof(muse_record) + record->head_len + record->body_len >
            (uint64_t)units * MUSE_UNIT) {
        return NULL;
    }
    return record;
}

/*
 * The link that leads to the live record under key: its value is unit offset + 1. NULL: none. A
 * chain that leads astray or in circles empties the shard.
 */
static uint32_t *find(const shard_view *shard, const muse_key *key)
{
    uint32_t *link = head_of(shard, key);
    uint32_t left = shard->state->records;

    while (*link) {
        muse_record *record = record_at(shard, *link - 1);

        if (!record || !record->live || left-- == 0) {
            empty(shard);
            return NULL;
        }
        if (!memcmp(&record->key, key, sizeof *key)) {
            return link;
        }
        link = &record->next;
    }
    return NULL;
}

static void kill_record(const shard_view *shard, uint32_t *link)
{
    muse_record *record = record_at(shard, *link - 1);

    *link = record->next;
    record->live = 0;
    shard->state->entries--;
}

/* Takes the oldest record away. 0: there was none that made sense, and the shard is empty now. */
static int evict(const shard_view *shard)
{
    muse_shard *state = shard->state;
    muse_record *record = state->records ? record_at(shard, state->tail) : NULL;
    uint32_t *link;
    uint32_t units;

    if (!record || !record->units) {
        empty(shard);
        return 0;
    }
    units = record->units;
    if (record->live) {
        link = find(shard, &record->key);
        if (!link || *link - 1 != state->tail) {
            empty(shard);
            return 0;
        }
        kill_record(shard, link);
        state->evicted++;
    }
    state->records--;
    state->used -= units;
    state->tail += units;
    if (state->tail >= state->end) {
        state->tail = 0;
        state->end = shard->units;
    }
    return 1;
}

/* The unit offset of room for a record, which is at most a quarter of the ring. */
static uint32_t make_room(const shard_view *shard, uint32_t units)
{
    muse_shard *state = shard->state;

    for (;;) {
        if (state->records == 0) {
            empty(shard);
        }
        if (state->head > shard->units || state->tail > shard->units || state->end > shard->units) {
            empty(shard);
        }
        if (state->records == 0 || state->head > state->tail) {
            if (shard->units - state->head >= units) {
                return state->head;
            }
            state->end = state->head; /* a new lap */
            state->head = 0;
        } else if (state->tail - state->head >= units) {
            return state->head;
        } else {
            (void)evict(shard);
        }
    }
}

muse_status muse_store_get(muse_region *region, const muse_key *key, uint64_t now_ms,
                           muse_entry_info *info, muse_alloc_fn alloc, void *context,
                           uint8_t **bytes)
{
    const shard_view shard = shard_of(region, key);
    muse_status status = MUSE_MISS;
    uint32_t *link;

    *bytes = NULL;
    if (!lock(&shard)) {
        return MUSE_MISS;
    }
    link = find(&shard, key);
    if (link) {
        const muse_record *record = record_at(&shard, *link - 1);
        /* Copied first: another process might change the lengths between check and use. */
        const uint32_t head_len = record->head_len;
        const uint32_t body_len = record->body_len;
        const size_t length = (size_t)head_len + body_len;
        const size_t room = (size_t)(shard.units - (*link - 1)) * MUSE_UNIT;

        *info = (muse_entry_info){.stored_at = record->stored_at,
                                  .fresh_until = record->fresh_until,
                                  .stale_until = record->stale_until,
                                  .flags = record->flags,
                                  .head_len = head_len,
                                  .body_len = body_len};
        if (record->stale_until > now_ms && length <= room - sizeof *record) {
            status = MUSE_OK;
            if (length) {
                *bytes = alloc(context, length);
                if (*bytes) {
                    memcpy(*bytes, (const uint8_t *)record + sizeof *record, length);
                } else {
                    status = MUSE_ENOMEM;
                }
            }
        }
    }
    unlock(&shard);
    return status;
}

muse_status muse_store_put(muse_region *region, const muse_key *key, const muse_entry_info *info,
                           const void *head, const void *body)
{
    const shard_view shard = shard_of(region, key);
    const uint64_t bytes = (uint64_t)sizeof(muse_record) + info->head_len + info->body_len;
    const uint64_t units = (bytes + MUSE_UNIT - 1) / MUSE_UNIT;
    muse_record *record;
    uint32_t *link;
    uint32_t offset;

    if (info->fresh_until > info->stale_until ||
        ((info->flags & MUSE_ENTRY_ALIAS) && info->body_len != sizeof(muse_key))) {
        return MUSE_EINVAL;
    }
    if (!lock(&shard)) {
        return MUSE_ESYSTEM;
    }
    link = find(&shard, key);
    if (link) {
        kill_record(&shard, link);
    }
    if (units > shard.units / 4) {
        unlock(&shard);
        return MUSE_TOO_LARGE;
    }
    offset = make_room(&shard, (uint32_t)units);
    record = (muse_record *)(void *)(shard.ring + (size_t)offset * MUSE_UNIT);
    link = head_of(&shard, key);
    *record = (muse_record){.magic = RECORD_MAGIC,
                            .units = (uint32_t)units,
                            .next = *link,
                            .live = 1,
                            .key = *key,
                            .flags = info->flags,
                            .stored_at = info->stored_at,
                            .fresh_until = info->fresh_until,
                            .stale_until = info->stale_until,
                            .head_len = info->head_len,
                            .body_len = info->body_len};
    if (info->head_len) {
        memcpy(record + 1, head, info->head_len);
    }
    if (info->body_len) {
        memcpy((uint8_t *)(record + 1) + info->head_len, body, info->body_len);
    }
    *link = offset + 1;
    shard.state->head = offset + (uint32_t)units;
    shard.state->records++;
    shard.state->entries++;
    shard.state->used += units;
    unlock(&shard);
    return MUSE_OK;
}

muse_status muse_store_remove(muse_region *region, const muse_key *key)
{
    const shard_view shard = shard_of(region, key);
    uint32_t *link;

    if (!lock(&shard)) {
        return MUSE_MISS;
    }
    link = find(&shard, key);
    if (link) {
        kill_record(&shard, link);
    }
    unlock(&shard);
    return link ? MUSE_OK : MUSE_MISS;
}

void muse_store_clear(muse_region *region)
{
    uint32_t i;

    for (i = 0; i < region->config.shards; i++) {
        const shard_view shard = view(region, i);

        if (lock(&shard)) {
            empty(&shard);
            unlock(&shard);
        }
    }
}

void muse_store_stats_get(muse_region *region, muse_store_stats *stats)
{
    uint32_t i;

    memset(stats, 0, sizeof *stats);
    for (i = 0; i < region->config.shards; i++) {
        const shard_view shard = view(region, i);

        if (lock(&shard)) {
            stats->entries += shard.state->entries;
            stats->bytes_used += shard.state->used * MUSE_UNIT;
            stats->bytes_total += (uint64_t)shard.units * MUSE_UNIT;
            stats->evicted += shard.state->evicted;
            stats->recovered += shard.state->recovered;
            unlock(&shard);
        }
    }
}
