/* What the tests of the page store have in common. */
#ifndef MUSE_STORE_HELP_H
#define MUSE_STORE_HELP_H

#include "muse_store.h"
#include "test.h"

/* Key number n of a shard: the shard is chosen by the first byte. */
static inline muse_key key_in(uint8_t shard, uint32_t n)
{
    muse_key key = {{shard}};

    memcpy(key.bytes + 4, &n, sizeof n);
    memcpy(key.bytes + 10, &n, sizeof n);
    return key;
}

static inline void *test_alloc(void *context, size_t size)
{
    (void)context;
    return malloc(size);
}

static inline muse_entry_info info_of(uint32_t head_len, uint32_t body_len)
{
    return (muse_entry_info){.stored_at = 1000,
                             .fresh_until = 2000,
                             .stale_until = 3000,
                             .head_len = head_len,
                             .body_len = body_len};
}

/* A body of that length and fill; *bytes must be freed. */
static inline uint8_t *filled(size_t length, uint8_t fill)
{
    uint8_t *bytes = malloc(length + 1);

    CHECK(bytes);
    memset(bytes, fill, length + 1);
    return bytes;
}

/* Puts a body of `length` times `fill`. */
static inline muse_status put_filled(muse_region *region, const muse_key *key, uint32_t length,
                                     uint8_t fill)
{
    const muse_entry_info info = info_of(2, length);
    uint8_t *body = filled(length, fill);
    const muse_status status = muse_store_put(region, key, &info, "h\n", body);

    free(body);
    return status;
}

/* 1: what put_filled has put is there, whole. 0: nothing is. */
static inline int has_filled(muse_region *region, const muse_key *key, uint32_t length,
                             uint8_t fill)
{
    muse_entry_info info;
    uint8_t *bytes;
    uint32_t i;
    const muse_status status = muse_store_get(region, key, 1500, &info, test_alloc, NULL, &bytes);

    if (status == MUSE_MISS) {
        CHECK(bytes == NULL);
        return 0;
    }
    CHECK_EQUAL(status, MUSE_OK);
    CHECK_EQUAL(info.head_len, 2);
    CHECK_EQUAL(info.body_len, length);
    CHECK(!memcmp(bytes, "h\n", 2));
    for (i = 0; i < length; i++) {
        CHECK(bytes[2 + i] == fill);
    }
    free(bytes);
    return 1;
}

static inline muse_store_stats stats_of(muse_region *region)
{
    muse_store_stats stats;

    muse_store_stats_get(region, &stats);
    return stats;
}

#endif
