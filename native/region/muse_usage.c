#include <string.h>

#include "muse_layout.h"

enum { NAME_WORDS = (MUSE_MODEL_NAME_MAX + 1) / 8 };

typedef union {
    char text[MUSE_MODEL_NAME_MAX + 1];
    uint64_t words[NAME_WORDS];
} name_words;

/* FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv/): names are short, and the site's own. */
static uint32_t hash(const char *name, size_t length)
{
    uint32_t h = 2166136261u;
    size_t i;

    for (i = 0; i < length; i++) {
        h = (h ^ (uint8_t)name[i]) * 16777619u;
    }
    return h;
}

static int has_name(muse_usage_slot *slot, const name_words *name, size_t words)
{
    size_t w;

    for (w = 0; w < words; w++) {
        if (atomic_load_explicit(&slot->name[w], memory_order_relaxed) != name->words[w]) {
            return 0;
        }
    }
    return 1;
}

/* 1: the slot was free and is that name's now. */
static int give_name(muse_usage_slot *slot, const name_words *name)
{
    uint64_t state = MUSE_USAGE_FREE;
    size_t w;

    if (!atomic_compare_exchange_strong(&slot->state, &state, MUSE_USAGE_NAMING)) {
        return 0;
    }
    for (w = 0; w < NAME_WORDS; w++) {
        atomic_store_explicit(&slot->name[w], name->words[w], memory_order_relaxed);
    }
    atomic_store_explicit(&slot->state, MUSE_USAGE_NAMED, memory_order_release);
    return 1;
}

/*
 * The slot of that name, which it may get now; NULL when all are taken. The last one is never
 * given away, so that there is one for the others. Two who bring a new name at one moment may give
 * it a slot each: whoever reads adds them up by name.
 */
static muse_usage_slot *find(muse_region *region, const char *name, size_t length)
{
    const uint32_t first = hash(name, length) % (MUSE_USAGE_MAX - 1);
    const size_t words = length / 8 + 1; /* with the NUL behind it */
    name_words copy;
    uint32_t i;

    memset(&copy, 0, sizeof copy);
    memcpy(copy.text, name, length);
    for (i = 0; i < MUSE_USAGE_MAX - 1; i++) {
        muse_usage_slot *slot = &region->usage[(first + i) % (MUSE_USAGE_MAX - 1)];
        const uint64_t state = atomic_load_explicit(&slot->state, memory_order_acquire);

        if ((state == MUSE_USAGE_NAMED && has_name(slot, &copy, words)) ||
            (state == MUSE_USAGE_FREE && give_name(slot, &copy))) {
            return slot;
        }
    }
    return NULL;
}

static muse_usage_slot *others(muse_region *region)
{
    muse_usage_slot *slot = &region->usage[MUSE_USAGE_MAX - 1];
    name_words copy;

    memset(&copy, 0, sizeof copy);
    memcpy(copy.text, MUSE_USAGE_OTHERS, sizeof MUSE_USAGE_OTHERS);
    (void)give_name(slot, &copy);
    return slot;
}

void muse_usage_add(muse_region *region, const char *name, size_t name_len, muse_use use,
                    uint64_t n)
{
    muse_usage_slot *slot;

    if (name_len == 0 || name_len > MUSE_MODEL_NAME_MAX || (unsigned)use >= MUSE_USES) {
        return;
    }
    slot = find(region, name, name_len);
    atomic_fetch_add_explicit(&(slot ? slot : others(region))->uses[use], n, memory_order_relaxed);
}

muse_status muse_usage_at(const muse_region *region, size_t i, muse_usage *usage)
{
    muse_usage_slot *slot;
    name_words copy;
    size_t w;

    if (i >= MUSE_USAGE_MAX) {
        return MUSE_MISS;
    }
    slot = &region->usage[i];
    if (atomic_load_explicit(&slot->state, memory_order_acquire) != MUSE_USAGE_NAMED) {
        return MUSE_MISS;
    }
    for (w = 0; w < NAME_WORDS; w++) {
        copy.words[w] = atomic_load_explicit(&slot->name[w], memory_order_relaxed);
    }
    memcpy(usage->name, copy.text, sizeof usage->name);
    usage->name[MUSE_MODEL_NAME_MAX] = '\0';
    for (w = 0; w < MUSE_USES; w++) {
        usage->uses[w] = atomic_load_explicit(&slot->uses[w], memory_order_relaxed);
    }
    return MUSE_OK;
}
