#include "muse_shard.h"
#include "store_help.h"

static const uint32_t OVERHEAD = sizeof(muse_record) + 2; /* with put_filled's head */

TEST(what_was_put_is_given_back_whole)
{
    muse_region *region = test_region(1 << 20, 4, 64);
    const muse_key key = key_in(1, 1);
    const muse_entry_info put = {100, 200, 300, 0, 20, 5};
    muse_entry_info info;
    uint8_t *bytes;

    CHECK_EQUAL(muse_store_put(region, &key, &put, "Content-Type: text/x", "hello"), MUSE_OK);
    CHECK_EQUAL(muse_store_get(region, &key, 150, &info, test_alloc, NULL, &bytes), MUSE_OK);
    CHECK_EQUAL(info.stored_at, 100);
    CHECK_EQUAL(info.fresh_until, 200);
    CHECK_EQUAL(info.stale_until, 300);
    CHECK_EQUAL(info.flags, 0);
    CHECK_EQUAL(info.head_len, 20);
    CHECK_EQUAL(info.body_len, 5);
    CHECK(!memcmp(bytes, "Content-Type: text/xhello", 25));
    free(bytes);
    CHECK_EQUAL(stats_of(region).entries, 1);
    muse_region_detach(region);
}

TEST(an_entry_is_kept_until_stale_until_and_not_longer)
{
    muse_region *region = test_region(1 << 20, 4, 64);
    const muse_key key = key_in(1, 1);
    const muse_entry_info put = {100, 200, 300, 0, 0, 1};
    muse_entry_info info;
    uint8_t *bytes;

    CHECK_EQUAL(muse_store_put(region, &key, &put, NULL, "x"), MUSE_OK);
    CHECK_EQUAL(muse_store_get(region, &key, 299, &info, test_alloc, NULL, &bytes), MUSE_OK);
    free(bytes);
    CHECK_EQUAL(muse_store_get(region, &key, 300, &info, test_alloc, NULL, &bytes), MUSE_MISS);
    CHECK(bytes == NULL);
    muse_region_detach(region);
}

TEST(an_alias_names_another_key_and_has_just_that_size)
{
    muse_region *region = test_region(1 << 20, 4, 64);
    const muse_key key = key_in(1, 1);
    const muse_key content = key_in(2, 2);
    muse_entry_info put = {100, 200, 300, MUSE_ENTRY_ALIAS, 0, MUSE_KEY_BYTES};
    muse_entry_info info;
    uint8_t *bytes;

    CHECK_EQUAL(muse_store_put(region, &key, &put, NULL, &content), MUSE_OK);
    CHECK_EQUAL(muse_store_get(region, &key, 150, &info, test_alloc, NULL, &bytes), MUSE_OK);
    CHECK_EQUAL(info.flags, MUSE_ENTRY_ALIAS);
    CHECK(!memcmp(bytes, &content, MUSE_KEY_BYTES));
    free(bytes);
    put.body_len = 19;
    CHECK_EQUAL(muse_store_put(region, &key, &put, NULL, &content), MUSE_EINVAL);
    muse_region_detach(region);
}

TEST(an_entry_that_is_fresh_for_longer_than_it_is_kept_is_refused)
{
    muse_region *region = test_region(1 << 20, 4, 64);
    const muse_key key = key_in(1, 1);
    const muse_entry_info put = {100, 301, 300, 0, 0, 1};

    CHECK_EQUAL(muse_store_put(region, &key, &put, NULL, "x"), MUSE_EINVAL);
    CHECK_EQUAL(stats_of(region).entries, 0);
    muse_region_detach(region);
}

TEST(an_entry_without_bytes_asks_for_no_memory)
{
    muse_region *region = test_region(1 << 20, 4, 64);
    const muse_key key = key_in(1, 1);
    const muse_entry_info put = {100, 200, 300, 0, 0, 0};
    muse_entry_info info;
    uint8_t *bytes = (uint8_t *)&info;

    CHECK_EQUAL(muse_store_put(region, &key, &put, NULL, NULL), MUSE_OK);
    CHECK_EQUAL(muse_store_get(region, &key, 150, &info, NULL, NULL, &bytes), MUSE_OK);
    CHECK(bytes == NULL);
    muse_region_detach(region);
}

static void *no_memory(void *context, size_t size)
{
    *(size_t *)context = size;
    return NULL;
}

TEST(when_there_is_no_memory_the_entry_stays_and_the_shard_is_free)
{
    muse_region *region = test_region(1 << 20, 4, 64);
    const muse_key key = key_in(1, 1);
    muse_entry_info info;
    uint8_t *bytes;
    size_t asked = 0;

    CHECK_EQUAL(put_filled(region, &key, 500, 'x'), MUSE_OK);
    CHECK_EQUAL(muse_store_get(region, &key, 1500, &info, no_memory, &asked, &bytes), MUSE_ENOMEM);
    CHECK_EQUAL(asked, 502);
    CHECK(bytes == NULL);
    CHECK(has_filled(region, &key, 500, 'x'));
    muse_region_detach(region);
}

TEST(the_last_put_under_a_key_counts)
{
    muse_region *region = test_region(1 << 20, 4, 64);
    const muse_key key = key_in(1, 1);

    CHECK_EQUAL(put_filled(region, &key, 500, 'a'), MUSE_OK);
    CHECK_EQUAL(put_filled(region, &key, 700, 'b'), MUSE_OK);
    CHECK(has_filled(region, &key, 700, 'b'));
    CHECK_EQUAL(stats_of(region).entries, 1);
    CHECK_EQUAL(stats_of(region).evicted, 0);
    muse_region_detach(region);
}

TEST(what_was_removed_is_gone_and_only_that)
{
    muse_region *region = test_region(1 << 20, 4, 64);
    const muse_key one = key_in(1, 1);
    const muse_key two = key_in(1, 2);

    CHECK_EQUAL(put_filled(region, &one, 10, '1'), MUSE_OK);
    CHECK_EQUAL(put_filled(region, &two, 10, '2'), MUSE_OK);
    CHECK_EQUAL(muse_store_remove(region, &one), MUSE_OK);
    CHECK_EQUAL(muse_store_remove(region, &one), MUSE_MISS);
    CHECK(!has_filled(region, &one, 10, '1'));
    CHECK(has_filled(region, &two, 10, '2'));
    CHECK_EQUAL(put_filled(region, &one, 11, '3'), MUSE_OK);
    CHECK(has_filled(region, &one, 11, '3'));
    muse_region_detach(region);
}

TEST(clear_empties_every_shard)
{
    muse_region *region = test_region(1 << 20, 4, 64);
    uint8_t shard;

    for (shard = 0; shard < 4; shard++) {
        const muse_key key = key_in(shard, 1);

        CHECK_EQUAL(put_filled(region, &key, 10, 'x'), MUSE_OK);
    }
    CHECK_EQUAL(stats_of(region).entries, 4);
    muse_store_clear(region);
    CHECK_EQUAL(stats_of(region).entries, 0);
    CHECK_EQUAL(stats_of(region).bytes_used, 0);
    for (shard = 0; shard < 4; shard++) {
        const muse_key key = key_in(shard, 1);

        CHECK(!has_filled(region, &key, 10, 'x'));
    }
    muse_region_detach(region);
}

TEST(a_quarter_of_a_shard_fits_and_one_byte_more_does_not)
{
    muse_region *region = test_region(1 << 20, 4, 64);
    const uint32_t most = region->ring_units / 4 * MUSE_UNIT - OVERHEAD;
    const muse_key key = key_in(1, 1);
    const muse_key other = key_in(1, 2);

    CHECK_EQUAL(put_filled(region, &other, 10, 'o'), MUSE_OK);
    CHECK_EQUAL(put_filled(region, &key, most, 'x'), MUSE_OK);
    CHECK(has_filled(region, &key, most, 'x'));
    CHECK_EQUAL(put_filled(region, &key, most + 1, 'y'), MUSE_TOO_LARGE);
    /* Better nothing than an answer that was to be replaced; the rest stays. */
    CHECK(!has_filled(region, &key, most, 'x'));
    CHECK(has_filled(region, &other, 10, 'o'));
    muse_region_detach(region);
}

TEST(lengths_that_overflow_are_too_large)
{
    muse_region *region = test_region(1 << 20, 4, 64);
    const muse_key key = key_in(1, 1);
    const muse_entry_info put = {100, 200, 300, 0, UINT32_MAX, UINT32_MAX};

    CHECK_EQUAL(muse_store_put(region, &key, &put, "", ""), MUSE_TOO_LARGE);
    muse_region_detach(region);
}

TEST(a_full_ring_lets_its_oldest_entries_go_first)
{
    muse_region *region = test_region(1 << 20, 4, 64);
    const uint32_t each = 4096 - OVERHEAD; /* a record of 4096 bytes */
    const uint32_t fit = region->ring_units * MUSE_UNIT / 4096;
    uint32_t i;

    for (i = 0; i < 10 * fit; i++) {
        const muse_key key = key_in(1, i);

        CHECK_EQUAL(put_filled(region, &key, each, (uint8_t)i), MUSE_OK);
        CHECK(has_filled(region, &key, each, (uint8_t)i));
    }
    for (i = 0; i < 10 * fit; i++) {
        const muse_key key = key_in(1, i);

        CHECK_EQUAL(has_filled(region, &key, each, (uint8_t)i), i >= 9 * fit);
    }
    CHECK_EQUAL(stats_of(region).entries, fit);
    CHECK_EQUAL(stats_of(region).evicted, 9 * fit);
    CHECK_EQUAL(stats_of(region).bytes_used, fit * 4096);
    muse_region_detach(region);
}

/* Records of `units` each, one lap and more: those of the last lap are there. */
static void fill_ring(uint32_t units)
{
    muse_region *region = test_region(1 << 20, 16, 64);
    const uint32_t fit = region->ring_units / units;
    const uint32_t each = units * MUSE_UNIT - OVERHEAD;
    uint32_t i;

    CHECK(fit >= 4);
    for (i = 0; i < 3 * fit + 1; i++) {
        const muse_key key = key_in(1, i);
        uint32_t newest;

        CHECK_EQUAL(put_filled(region, &key, each, (uint8_t)i), MUSE_OK);
        for (newest = 0; newest < fit && newest <= i; newest++) {
            const muse_key other = key_in(1, i - newest);

            CHECK(has_filled(region, &other, each, (uint8_t)(i - newest)));
        }
        CHECK_EQUAL(stats_of(region).entries, i + 1 < fit ? i + 1 : fit);
    }
    muse_region_detach(region);
}

TEST(a_ring_that_is_filled_exactly_holds_all_of_it)
{
    muse_region *region = test_region(1 << 20, 16, 64);
    const uint32_t units = region->ring_units;
    uint32_t divisor;
    int exact = 0;

    muse_region_detach(region);
    for (divisor = 4; divisor < 200; divisor++) {
        if (units % divisor == 0) {
            fill_ring(units / divisor);
            exact++;
        }
    }
    CHECK(exact > 0);
}

TEST(a_ring_that_is_filled_with_a_rest_wraps_around)
{
    fill_ring(300);
    fill_ring(301);
    fill_ring(777);
}

TEST(dead_entries_make_room_like_live_ones)
{
    muse_region *region = test_region(1 << 20, 16, 64);
    const muse_key key = key_in(1, 1);
    const muse_key other = key_in(1, 2);
    int i;

    for (i = 0; i < 1000; i++) {
        CHECK_EQUAL(put_filled(region, &key, 5000, (uint8_t)i), MUSE_OK);
        CHECK(has_filled(region, &key, 5000, (uint8_t)i));
    }
    CHECK_EQUAL(stats_of(region).entries, 1);
    CHECK_EQUAL(stats_of(region).evicted, 0);
    CHECK_EQUAL(muse_store_remove(region, &key), MUSE_OK);
    for (i = 0; i < 100; i++) {
        CHECK_EQUAL(put_filled(region, &other, 5000, (uint8_t)i), MUSE_OK);
    }
    CHECK_EQUAL(stats_of(region).entries, 1);
    muse_region_detach(region);
}

TEST(entries_of_one_shard_do_not_make_those_of_another_give_way)
{
    muse_region *region = test_region(1 << 20, 4, 64);
    const muse_key key = key_in(2, 1);
    uint32_t i;

    CHECK_EQUAL(put_filled(region, &key, 100, 'k'), MUSE_OK);
    for (i = 0; i < 1000; i++) {
        const muse_key other = key_in(1, i);

        CHECK_EQUAL(put_filled(region, &other, 10000, 'o'), MUSE_OK);
    }
    CHECK(has_filled(region, &key, 100, 'k'));
    muse_region_detach(region);
}

TESTS(CASE(what_was_put_is_given_back_whole),
      CASE(an_entry_is_kept_until_stale_until_and_not_longer),
      CASE(an_alias_names_another_key_and_has_just_that_size),
      CASE(an_entry_that_is_fresh_for_longer_than_it_is_kept_is_refused),
      CASE(an_entry_without_bytes_asks_for_no_memory),
      CASE(when_there_is_no_memory_the_entry_stays_and_the_shard_is_free),
      CASE(the_last_put_under_a_key_counts), CASE(what_was_removed_is_gone_and_only_that),
      CASE(clear_empties_every_shard), CASE(a_quarter_of_a_shard_fits_and_one_byte_more_does_not),
      CASE(lengths_that_overflow_are_too_large), CASE(a_full_ring_lets_its_oldest_entries_go_first),
      CASE(a_ring_that_is_filled_exactly_holds_all_of_it),
      CASE(a_ring_that_is_filled_with_a_rest_wraps_around),
      CASE(dead_entries_make_room_like_live_ones),
      CASE(entries_of_one_shard_do_not_make_those_of_another_give_way))
