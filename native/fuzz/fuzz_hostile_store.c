/*
 * The page store while a hostile peer writes into it: anywhere but in the mutexes, between calls,
 * also what looks right. No crash, no hang, no access outside of the shard that was asked for.
 */
#include <sanitizer/asan_interface.h>
#include <sys/mman.h>

#include "fuzz.h"
#include "muse_purge.h"
#include "muse_shard.h"

enum { SHARDS = 16, USED = 2, SHARD = 1, KEYS = 16, CALLS_MOST = 64, BODY_MOST = 20000 };

static muse_region *region;
static uint8_t *peer;   /* the same memory at another address: nothing there is forbidden */
static uint8_t *made;   /* the shard as it was made */
static size_t shard_at; /* its offset */
static size_t ring_at;  /* of its ring, in the shard */
static uint8_t *zeros;  /* BODY_MOST of them; nothing behind them may be read */

static muse_key key_of(uint8_t n)
{
    muse_key key = {{SHARD, n}};

    key.bytes[4] = n / 4;
    return key;
}

/* As in muse_shard.c: a peer can do that too. */
static uint32_t check_of(const muse_record *record)
{
    uint64_t sum = 0x4d525345;
    uint64_t word;
    size_t i;

    for (i = offsetof(muse_record, units); i < sizeof *record; i += sizeof word) {
        memcpy(&word, (const uint8_t *)record + i, sizeof word);
        sum = (sum ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        sum ^= sum >> 29;
    }
    return (uint32_t)(sum >> 32);
}

/* Whether only the shard may be touched from now on, or the other one and the epoch too. */
static void allow_shard(int only)
{
    static int is_only = -1;

    if (only == is_only) {
        return;
    }
    is_only = only;
    if (only) {
        ASAN_POISON_MEMORY_REGION(region->header, sizeof(muse_header));
        ASAN_POISON_MEMORY_REGION(region->shards, SHARD * region->shard_bytes);
    } else {
        ASAN_UNPOISON_MEMORY_REGION(region->header, sizeof(muse_header));
        ASAN_UNPOISON_MEMORY_REGION(region->shards, SHARD * region->shard_bytes);
    }
}

/* Entries of all kinds: answers, an empty one, aliases of the page that key 0 is the tag of. */
static void fill(void)
{
    uint8_t content[700];
    uint8_t n;

    memset(content, 'x', sizeof content);
    for (n = 1; n < KEYS; n++) {
        const muse_key key = key_of(n);
        const muse_key tag = key_of(0);
        const muse_key named = key_of(n / 2);
        muse_entry_info info = {.stored_at = 1000, .fresh_until = 2000, .stale_until = 3000};

        if (n % 3 == 0) {
            info.flags = MUSE_ENTRY_ALIAS;
            info.head_len = info.body_len = MUSE_KEY_BYTES;
            FUZZ_CHECK(muse_store_put(region, &key, &info, &tag, &named) == MUSE_OK);
        } else {
            info.body_len = (n - 1) * 50u;
            FUZZ_CHECK(muse_store_put(region, &key, &info, NULL, content) == MUSE_OK);
        }
    }
}

static void make(void)
{
    const muse_region_config config = {1 << 20, SHARDS, 64};
    muse_record first;

    FUZZ_CHECK(muse_region_create(&config, &region) == MUSE_OK);
    region->config.shards = USED; /* no store has fewer than 16; most of them would lie idle */
    peer = mmap(NULL, region->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, muse_region_fd(region), 0);
    FUZZ_CHECK(peer != MAP_FAILED);
    shard_at =
        (size_t)(region->shards - (uint8_t *)(void *)region->header) + SHARD * region->shard_bytes;
    ring_at = sizeof(muse_shard) + region->heads * sizeof(uint32_t);
    fill();
    memcpy(&first, peer + shard_at + ring_at, sizeof first);
    FUZZ_CHECK(first.check == check_of(&first));
    made = malloc(region->shard_bytes);
    FUZZ_CHECK(made);
    memcpy(made, peer + shard_at, region->shard_bytes);
    zeros = calloc(1, BODY_MOST);
    FUZZ_CHECK(zeros);
    ASAN_POISON_MEMORY_REGION(region->header, shard_at);
    ASAN_POISON_MEMORY_REGION(region->shards + USED * region->shard_bytes,
                              (SHARDS - USED) * region->shard_bytes);
}

/* Writes into a record, and makes its checksum right. */
static void forge_record(fuzz_input *in)
{
    const size_t units = region->ring_units - sizeof(muse_record) / MUSE_UNIT;
    uint8_t *at = peer + shard_at + ring_at + fuzz_number(in, 2) % units * MUSE_UNIT;
    const size_t field = fuzz_byte(in) % (sizeof(muse_record) / 4) * 4;
    muse_record record;
    uint32_t value = (uint32_t)fuzz_number(in, 4);

    memcpy(&record, at, sizeof record);
    memcpy((uint8_t *)&record + field, &value, sizeof value);
    record.magic = 0x4d525345;
    if (fuzz_byte(in) & 1) {
        record.units = (uint32_t)muse_shard_units(record.head_len, record.body_len);
    }
    record.check = check_of(&record);
    memcpy(at, &record, sizeof record);
}

/* Writes a word somewhere between two offsets in the shard. */
static void poke(fuzz_input *in, size_t from, size_t to)
{
    const size_t at = from + fuzz_number(in, 3) % (to - from);
    size_t length;
    const uint8_t *bytes = fuzz_bytes(in, 1 + fuzz_byte(in) % 8, &length);

    if (length > to - at) {
        length = to - at;
    }
    if (length) {
        memcpy(peer + shard_at + at, bytes, length);
    }
}

static void *allocate(void *context, size_t size)
{
    (void)context;
    FUZZ_CHECK(size <= region->shard_bytes);
    return malloc(size);
}

static void get(const muse_key *key, uint64_t now)
{
    muse_entry_info info;
    uint8_t *bytes;

    if (muse_store_get(region, key, now, &info, allocate, NULL, &bytes) == MUSE_OK) {
        FUZZ_CHECK((uint64_t)info.head_len + info.body_len <= region->shard_bytes);
        FUZZ_CHECK(!(info.flags & MUSE_ENTRY_ALIAS) || info.body_len == MUSE_KEY_BYTES);
        free(bytes);
    }
}

static void put(fuzz_input *in, const muse_key *key)
{
    const uint32_t length = (uint32_t)fuzz_number(in, 2) % BODY_MOST;
    const muse_entry_info info = {.fresh_until = 2000, .stale_until = 3000, .body_len = length};
    const muse_status status = muse_store_put(region, key, &info, NULL, zeros + BODY_MOST - length);

    FUZZ_CHECK(status == MUSE_OK || status == MUSE_TOO_LARGE);
    if (status == MUSE_OK) {
        get(key, 1500);
    }
}

enum { SWEEP = 11 };

/* These look into both shards. */
static void sweep(uint8_t what)
{
    const muse_key tag = key_of(0);
    muse_store_stats stats;
    uint64_t purged;

    if (what & 16) {
        FUZZ_CHECK(muse_purge_page(region, &tag, 1500, &purged) == MUSE_OK);
    } else if (what & 32) {
        FUZZ_CHECK(muse_purge_all(region, &purged) == MUSE_OK);
    } else {
        muse_store_stats_get(region, &stats);
    }
}

static void operate(fuzz_input *in)
{
    const uint8_t what = fuzz_byte(in);
    const muse_key key = key_of(what >> 4);

    allow_shard(what % 12 != SWEEP);
    switch (what % 12) {
    case 0:
        poke(in, offsetof(muse_shard, ring), sizeof(muse_shard));
        break;
    case 1:
        poke(in, sizeof(muse_shard), ring_at);
        break;
    case 2:
        poke(in, ring_at, ring_at + 64 * sizeof(muse_record));
        break;
    case 3:
        poke(in, ring_at, region->shard_bytes);
        break;
    case 4:
        forge_record(in);
        break;
    case 5:
    case 6:
        put(in, &key);
        break;
    case 7:
        get(&key, 1500);
        break;
    case 8:
        (void)muse_store_claim(region, &key, 2500, fuzz_byte(in));
        break;
    case 9:
        (void)muse_store_hold(region, &key, 1500, fuzz_byte(in));
        break;
    case 10:
        (void)muse_store_remove(region, &key);
        break;
    case SWEEP:
        sweep(what);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input in = fuzz_input_of(data, size);
    unsigned calls;

    if (!region) {
        make();
    }
    memcpy(peer + shard_at, made, region->shard_bytes);
    for (calls = 0; fuzz_left(&in) && calls < CALLS_MOST; calls++) {
        operate(&in);
    }
    return 0;
}
