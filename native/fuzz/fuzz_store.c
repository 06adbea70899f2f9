/*
 * The page store against a naive model. A miss is allowed where an entry may have given way to
 * younger ones, and nowhere else; a wrong or torn answer never.
 */
#include "fuzz.h"
#include "muse_purge.h"
#include "muse_shard.h"

/* The first keys are those of aliases, as page keys are; each names one of the others. */
enum { SHARDS = 16, USED = 2, KEYS = 24, ALIASES = 10, TAG = 0, NOW = 1000000, CALLS_MOST = 64 };

/* Heads and bodies, together. */
enum { LONGEST = 20063 };

/* What the last put of a key was. Content follows from its lengths and seed. */
typedef struct {
    int there; /* put, and since then neither removed, purged nor cleared */
    muse_entry_info info;
    uint8_t seed;
    uint64_t held_until; /* ms; somebody may hold it up to then */
    uint64_t from;       /* units put into its shard before it */
    uint8_t names;       /* an alias: the key that it names */
    int tagged;          /* an alias: of the page TAG */
} model_entry;

static muse_region *region;
static uint8_t *fresh; /* the used shards as they were made */
static model_entry model[KEYS];
static uint8_t text[UINT8_MAX + LONGEST]; /* what contents are taken from, at their seed */
static uint8_t *piece;                    /* LONGEST bytes; nothing behind them may be read */
static uint64_t put_units[USED];

static uint8_t shard_of(uint8_t n)
{
    return n % USED;
}

/* Several keys share a chain. */
static muse_key key_of(uint8_t n)
{
    muse_key key = {{shard_of(n), n}};

    key.bytes[4] = n / 6;
    return key;
}

static void make_text(void)
{
    size_t i;

    piece = malloc(LONGEST);
    FUZZ_CHECK(piece);
    for (i = 0; i < sizeof text; i++) {
        text[i] = (uint8_t)(i * 7 + i / 251);
    }
}

static void begin(void)
{
    const muse_region_config config = {1 << 20, SHARDS, 64};

    if (!region) {
        FUZZ_CHECK(muse_region_create(&config, &region) == MUSE_OK);
        region->config.shards = USED; /* no store has fewer than 16; most of them would lie idle */
        fresh = malloc(USED * region->shard_bytes);
        FUZZ_CHECK(fresh);
        memcpy(fresh, region->shards, USED * region->shard_bytes);
        make_text();
    }
    memcpy(region->shards, fresh, USED * region->shard_bytes);
    memset(model, 0, sizeof model);
    memset(put_units, 0, sizeof put_units);
}

static void *allocate(void *context, size_t size)
{
    (void)context;
    return malloc(size);
}

/* Head and body of an entry, in one piece that is there up to the next call. */
static const uint8_t *bytes_of(const model_entry *entry)
{
    const size_t length = (size_t)entry->info.head_len + entry->info.body_len;
    uint8_t *bytes = piece + LONGEST - length;

    memcpy(bytes, text + entry->seed, length);
    if (entry->info.flags & MUSE_ENTRY_ALIAS) {
        const muse_key tag = key_of(TAG);
        const muse_key named = key_of(entry->names);

        if (entry->tagged) {
            memcpy(bytes, &tag, sizeof tag);
        }
        memcpy(bytes + entry->info.head_len, &named, sizeof named);
    }
    return bytes;
}

/* Whether an entry can't have given way yet: at most a quarter of a ring is lost at a lap's end. */
static int must_be_there(uint8_t n)
{
    return put_units[shard_of(n)] - model[n].from <= region->ring_units - region->ring_units / 4;
}

static int is_same(const muse_entry_info *a, const muse_entry_info *b)
{
    return a->stored_at == b->stored_at && a->fresh_until == b->fresh_until &&
           a->stale_until == b->stale_until && a->flags == b->flags && a->head_len == b->head_len &&
           a->body_len == b->body_len;
}

/* Whether entry n is found at a time; what is found must be what was put. */
static int compare(uint8_t n, uint64_t now)
{
    const model_entry *entry = &model[n];
    const muse_key key = key_of(n);
    muse_entry_info info;
    uint8_t *bytes;
    const muse_status status = muse_store_get(region, &key, now, &info, allocate, NULL, &bytes);

    if (status == MUSE_MISS) {
        FUZZ_CHECK(!bytes);
        FUZZ_CHECK(!entry->there || entry->info.stale_until <= now || !must_be_there(n));
        return 0;
    }
    FUZZ_CHECK(status == MUSE_OK && entry->there && entry->info.stale_until > now);
    FUZZ_CHECK(is_same(&info, &entry->info));
    FUZZ_CHECK(!bytes == !(info.head_len + info.body_len));
    FUZZ_CHECK(!bytes || !memcmp(bytes, bytes_of(entry), (size_t)info.head_len + info.body_len));
    free(bytes);
    return 1;
}

static void put(fuzz_input *in, uint8_t n)
{
    const uint8_t kind = fuzz_byte(in);
    const int alias = n < ALIASES;
    const muse_key key = key_of(n);
    model_entry entry = {.there = 1, .seed = fuzz_byte(in), .from = put_units[shard_of(n)]};
    uint64_t units;
    const uint8_t *bytes;
    muse_status status;

    entry.names = (uint8_t)(ALIASES + fuzz_byte(in) % (KEYS - ALIASES));
    entry.tagged = alias && (kind & 2);
    entry.info.flags = alias ? MUSE_ENTRY_ALIAS : 0;
    entry.info.head_len = entry.tagged ? MUSE_KEY_BYTES + (kind >> 4) : (uint32_t)(kind >> 2);
    entry.info.body_len = alias ? MUSE_KEY_BYTES : (uint32_t)fuzz_number(in, 2) % 20000;
    entry.info.stored_at = NOW;
    entry.info.fresh_until = NOW + fuzz_byte(in);
    entry.info.stale_until = NOW + fuzz_byte(in) * 4u;
    bytes = bytes_of(&entry);
    status = muse_store_put(region, &key, &entry.info, bytes, bytes + entry.info.head_len);
    if (entry.info.fresh_until > entry.info.stale_until) {
        FUZZ_CHECK(status == MUSE_EINVAL);
        return;
    }
    units = muse_shard_units(entry.info.head_len, entry.info.body_len);
    if (units > region->ring_units / 4) {
        FUZZ_CHECK(status == MUSE_TOO_LARGE);
        model[n].there = 0;
        return;
    }
    FUZZ_CHECK(status == MUSE_OK);
    put_units[shard_of(n)] += units;
    model[n] = entry;
    compare(n, NOW);
}

static void hold(fuzz_input *in, uint8_t n, int claim)
{
    model_entry *entry = &model[n];
    const muse_key key = key_of(n);
    const uint64_t now = NOW + fuzz_number(in, 2);
    const uint32_t seconds = fuzz_byte(in);
    const int found = compare(n, now);
    const int free_to_claim =
        entry->info.fresh_until <= now && entry->held_until / 1000 <= now / 1000;
    const muse_status status = claim ? muse_store_claim(region, &key, now, seconds)
                                     : muse_store_hold(region, &key, now, seconds);

    FUZZ_CHECK(status == (found && (!claim || free_to_claim) ? MUSE_OK : MUSE_MISS));
    if (status == MUSE_OK) {
        entry->held_until = ((now + 999) / 1000 + seconds) * 1000;
    }
}

/* An alias that has given way takes no answer with it: what that named may be there or not. */
static void purge_page(void)
{
    const muse_key tag = key_of(TAG);
    int gone[KEYS] = {0};
    uint64_t most = 0;
    uint64_t purged;
    uint8_t n;

    /* First comes the mark, which replaces what was there and makes others give way. */
    put_units[shard_of(TAG)] += muse_shard_units(0, 0);
    model[TAG].there = 0;
    for (n = 0; n < KEYS; n++) {
        if (model[n].there && model[n].tagged) {
            most++;
            gone[n] = 1;
            gone[model[n].names] |= must_be_there(n) ? 1 : 2;
        }
    }
    FUZZ_CHECK(muse_purge_page(region, &tag, NOW, &purged) == MUSE_OK && purged <= most);
    (void)muse_store_remove(region, &tag); /* the mark has done its work */
    for (n = 0; n < KEYS; n++) {
        const muse_key key = key_of(n);

        if (gone[n] == 2) {
            (void)muse_store_remove(region, &key);
        }
        if (gone[n]) {
            model[n].there = 0;
            (void)compare(n, 0);
        }
    }
}

static void operate(fuzz_input *in)
{
    const uint8_t what = fuzz_byte(in);
    const uint8_t n = (uint8_t)(fuzz_byte(in) % KEYS);
    const muse_key key = key_of(n);
    uint64_t purged;
    int found;

    switch (what % 9) {
    case 0:
    case 1:
    case 2:
        put(in, n);
        break;
    case 3:
        compare(n, NOW + fuzz_number(in, 2));
        break;
    case 4:
        hold(in, n, what & 16);
        break;
    case 5:
        found = compare(n, NOW - 1);
        FUZZ_CHECK(muse_store_remove(region, &key) == (found ? MUSE_OK : MUSE_MISS));
        model[n].there = 0;
        break;
    case 6:
        purge_page();
        break;
    case 7:
        FUZZ_CHECK(muse_purge_all(region, &purged) == MUSE_OK && purged <= KEYS);
        memset(model, 0, sizeof model);
        break;
    default:
        muse_store_clear(region);
        memset(model, 0, sizeof model);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input in = fuzz_input_of(data, size);
    muse_store_stats stats;
    uint64_t found = 0;
    unsigned calls;
    uint8_t n;

    begin();
    for (calls = 0; fuzz_left(&in) && calls < CALLS_MOST; calls++) {
        operate(&in);
    }
    for (n = 0; n < KEYS; n++) {
        /* Just before it is over: what is kept for no time at all is there, and never found. */
        found += (uint64_t)compare(n, NOW - 1);
    }
    muse_store_stats_get(region, &stats);
    FUZZ_CHECK(stats.entries == found && stats.bytes_used <= stats.bytes_total);
    return 0;
}
