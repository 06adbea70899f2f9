#include "muse_shard.h"

#include <errno.h>
#include <string.h>

#include "muse_mutex.h"

static const uint32_t RECORD_MAGIC = 0x4d525345;

enum { RECORD_UNITS = sizeof(muse_record) / MUSE_UNIT };

static void look_at(const muse_region *region, uint32_t index, muse_shard_view *shard)
{
    uint8_t *base = region->shards + (size_t)index * region->shard_bytes;

    shard->shared = (muse_shard *)(void *)base;
    shard->heads = (uint32_t *)(void *)(base + sizeof(muse_shard));
    shard->bytes = base + sizeof(muse_shard) + region->heads * sizeof(uint32_t);
    shard->head_mask = region->heads - 1;
    shard->units = region->ring_units;
}

/* The compiler may not read what was copied once more from where it was copied from. */
static void copy_once(void *to, const void *from, size_t length)
{
    memcpy(to, from, length);
    atomic_signal_fence(memory_order_seq_cst);
}

void muse_shard_empty(muse_shard_view *shard)
{
    const uint64_t evicted = shard->ring.evicted;
    const uint64_t recovered = shard->ring.recovered;

    shard->ring = (muse_ring){.end = shard->units, .evicted = evicted, .recovered = recovered};
    memset(shard->heads, 0, ((size_t)shard->head_mask + 1) * sizeof(uint32_t));
}

int muse_shard_format(const muse_region *region, uint32_t index)
{
    muse_shard_view shard;

    look_at(region, index, &shard);
    /* A new region is all zeros, as empty chains are; its pages are not touched before their use.
     */
    shard.shared->ring = (muse_ring){.end = shard.units};
    return muse_mutex_init(&shard.shared->mutex);
}

static int makes_sense(const muse_ring *ring, uint32_t units)
{
    const int one_lap = ring->end == units && ring->tail <= ring->head;
    const int two_laps = ring->head <= ring->tail && ring->tail < ring->end;

    return ring->head <= units && ring->tail <= units && ring->end <= units &&
           (one_lap || two_laps) && ring->records <= units / RECORD_UNITS &&
           ring->entries <= ring->records && ring->used <= units;
}

int muse_shard_open(const muse_region *region, uint32_t index, muse_shard_view *shard)
{
    int error;

    look_at(region, index, shard);
    error = muse_mutex_lock(&shard->shared->mutex);
    if (error && error != EOWNERDEAD) {
        return error;
    }
    copy_once(&shard->ring, &shard->shared->ring, sizeof shard->ring);
    if (error == EOWNERDEAD) {
        shard->ring.recovered++;
        muse_shard_empty(shard);
        muse_mutex_repaired(&shard->shared->mutex);
    } else if (!makes_sense(&shard->ring, shard->units)) {
        muse_shard_empty(shard);
    }
    return 0;
}

void muse_shard_close(const muse_shard_view *shard)
{
    shard->shared->ring = shard->ring;
    muse_mutex_unlock(&shard->shared->mutex);
}

/* Cheap, not strong: it tells a torn or stray header from a real one. */
static uint32_t check_of(const muse_record *record)
{
    const size_t from = offsetof(muse_record, units);
    uint64_t sum = RECORD_MAGIC;
    uint64_t word;
    size_t i;

    _Static_assert((sizeof *record - offsetof(muse_record, units)) % sizeof word == 0, "in words");
    for (i = from; i < sizeof *record; i += sizeof word) {
        memcpy(&word, (const uint8_t *)record + i, sizeof word);
        sum = (sum ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        sum ^= sum >> 29;
    }
    return (uint32_t)(sum >> 32);
}

static uint32_t *head_of(const muse_shard_view *shard, const muse_key *key)
{
    uint32_t hash;

    /* Not the byte that chose the shard. */
    memcpy(&hash, key->bytes + 4, sizeof hash);
    return &shard->heads[hash & shard->head_mask];
}

static muse_record *place(const muse_shard_view *shard, uint32_t offset)
{
    return (muse_record *)(void *)(shard->bytes + (size_t)offset * MUSE_UNIT);
}

/* Copies the record at a unit offset and checks it. 1, or 0: what stands there is none. */
static int read_record(const muse_shard_view *shard, uint32_t offset, muse_record *record)
{
    if (offset >= shard->units || shard->units - offset < RECORD_UNITS) {
        return 0;
    }
    copy_once(record, place(shard, offset), sizeof *record);
    return record->magic == RECORD_MAGIC && record->units <= shard->units - offset &&
           record->units == muse_shard_units(record->head_len, record->body_len) &&
           (!(record->flags & MUSE_ENTRY_ALIAS) || record->body_len == MUSE_KEY_BYTES) &&
           record->check == check_of(record);
}

int muse_shard_find(muse_shard_view *shard, const muse_key *key, muse_found *found)
{
    uint32_t left = shard->ring.records;
    uint32_t next;

    found->link = head_of(shard, key);
    for (;;) {
        copy_once(&next, found->link, sizeof next);
        if (next == 0) {
            return 0;
        }
        found->offset = next - 1;
        /* A chain that leads astray, to the dead or in circles is nonsense. */
        if (left-- == 0 || !read_record(shard, found->offset, &found->record) ||
            !found->record.live) {
            muse_shard_empty(shard);
            return 0;
        }
        if (!memcmp(&found->record.key, key, sizeof *key)) {
            return 1;
        }
        found->link = &place(shard, found->offset)->next;
    }
}

muse_walk muse_shard_walk(const muse_shard_view *shard)
{
    return (muse_walk){.offset = shard->ring.tail, .left = shard->ring.records};
}

int muse_shard_next(muse_shard_view *shard, muse_walk *walk, muse_found *found)
{
    if (walk->left == 0) {
        return 0;
    }
    if (walk->offset >= shard->ring.end) {
        walk->offset = 0;
    }
    if (!read_record(shard, walk->offset, &found->record)) {
        muse_shard_empty(shard);
        walk->left = 0;
        return 0;
    }
    found->link = NULL;
    found->offset = walk->offset;
    walk->offset += found->record.units;
    walk->left--;
    return 1;
}

void muse_shard_drop(muse_shard_view *shard, const muse_found *found)
{
    *found->link = found->record.next;
    place(shard, found->offset)->live = 0;
    if (shard->ring.entries) {
        shard->ring.entries--;
    }
}

void muse_shard_hold(muse_shard_view *shard, muse_found *found, uint32_t held_until)
{
    muse_record *shared = place(shard, found->offset);

    found->record.held_until = held_until;
    found->record.check = check_of(&found->record);
    shared->held_until = held_until;
    shared->check = found->record.check;
}

uint64_t muse_shard_units(uint32_t head_len, uint32_t body_len)
{
    const uint64_t bytes = (uint64_t)sizeof(muse_record) + head_len + body_len;

    return (bytes + MUSE_UNIT - 1) / MUSE_UNIT;
}

const uint8_t *muse_shard_data(const muse_shard_view *shard, const muse_found *found)
{
    return (const uint8_t *)(place(shard, found->offset) + 1);
}

/* Takes the oldest record away, or empties a shard where that makes no sense. */
static void evict(muse_shard_view *shard)
{
    muse_ring *ring = &shard->ring;
    muse_record oldest;
    muse_found found;

    if (!read_record(shard, ring->tail, &oldest)) {
        muse_shard_empty(shard);
        return;
    }
    if (oldest.live) {
        if (!muse_shard_find(shard, &oldest.key, &found) || found.offset != ring->tail) {
            muse_shard_empty(shard);
            return;
        }
        muse_shard_drop(shard, &found);
        ring->evicted++;
    }
    ring->records--;
    ring->used -= oldest.units;
    ring->tail += oldest.units;
    if (ring->tail >= ring->end) {
        ring->tail = 0;
        ring->end = shard->units;
    }
}

/*
 * Makes room behind head for a record of at most a quarter of the ring. It ends: every turn takes
 * a record away, save one that begins a new lap.
 */
static void make_room(muse_shard_view *shard, uint32_t units)
{
    muse_ring *ring = &shard->ring;

    for (;;) {
        if (ring->records == 0) {
            ring->head = ring->tail = 0;
            ring->end = shard->units;
            return;
        }
        if (ring->head > ring->tail) {
            if (shard->units - ring->head >= units) {
                return;
            }
            ring->end = ring->head;
            ring->head = 0;
        } else if (ring->tail - ring->head >= units) {
            return;
        } else {
            evict(shard);
        }
    }
}

void muse_shard_append(muse_shard_view *shard, const muse_key *key, const muse_entry_info *info,
                       const void *head, const void *body)
{
    const uint32_t units = (uint32_t)muse_shard_units(info->head_len, info->body_len);
    muse_record *shared;
    muse_record record;
    uint32_t *link;

    make_room(shard, units);
    link = head_of(shard, key);
    record = (muse_record){.magic = RECORD_MAGIC,
                           .next = *link,
                           .live = 1,
                           .units = units,
                           .flags = info->flags,
                           .stored_at = info->stored_at,
                           .fresh_until = info->fresh_until,
                           .stale_until = info->stale_until,
                           .head_len = info->head_len,
                           .body_len = info->body_len,
                           .key = *key};
    record.check = check_of(&record);
    shared = place(shard, shard->ring.head);
    *shared = record;
    if (info->head_len) {
        memcpy(shared + 1, head, info->head_len);
    }
    if (info->body_len) {
        memcpy((uint8_t *)(shared + 1) + info->head_len, body, info->body_len);
    }
    *link = shard->ring.head + 1;
    shard->ring.head += units;
    shard->ring.records++;
    shard->ring.entries++;
    shard->ring.used += units;
}
