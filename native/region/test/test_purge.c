/* What was purged is not found any more, however much of it there is, and the rest stays. */
#include <pthread.h>
#include <signal.h>

#include "muse_purge.h"
#include "muse_shard.h"
#include "store_help.h"

enum { SHARDS = 4 };

static const uint64_t NOW = 1500;
static const muse_key PAGE = {{1, 'p', 'a', 'g', 'e'}};
static const muse_key OTHER = {{2, 'o', 't', 'h', 'e', 'r'}};

/*
 * Puts a variant of a page: an alias, whose head may have more than the page's tag, and its answer.
 * 0: a lock was not had in time.
 */
static int try_variant(muse_region *region, const muse_key *page, uint32_t n, uint32_t more)
{
    const muse_key alias = key_in((uint8_t)n, n);
    const muse_key content = key_in((uint8_t)(n + 1), n + 1000000);
    const muse_entry_info info = {1000,          2000, 3000, MUSE_ENTRY_ALIAS, sizeof *page + more,
                                  MUSE_KEY_BYTES};
    uint8_t head[64] = {0};
    muse_status status;

    memcpy(head, page, sizeof *page);
    /* In the engine's order, so that no answer is without an alias that leads to it. */
    status = put_filled(region, &content, 40, (uint8_t)n);
    if (status == MUSE_OK) {
        status = muse_store_put(region, &alias, &info, head, &content);
    }
    CHECK(status == MUSE_OK || (status == MUSE_ESYSTEM && errno == ETIMEDOUT));
    return status == MUSE_OK;
}

static void put_variant(muse_region *region, const muse_key *page, uint32_t n, uint32_t more)
{
    CHECK(try_variant(region, page, n, more));
}

static int is_there(muse_region *region, const muse_key *key)
{
    muse_entry_info info;
    uint8_t *bytes;

    return muse_store_get(region, key, NOW, &info, NULL, NULL, &bytes) == MUSE_OK;
}

/* How many of aliases and answers from..to-1 are there. */
static uint32_t count(muse_region *region, uint32_t from, uint32_t to)
{
    uint32_t there = 0;
    uint32_t n;

    for (n = from; n < to; n++) {
        const muse_key alias = key_in((uint8_t)n, n);
        const muse_key content = key_in((uint8_t)(n + 1), n + 1000000);

        there += (uint32_t)is_there(region, &alias) + (uint32_t)is_there(region, &content);
    }
    return there;
}

TEST(a_purged_page_is_gone_in_all_its_variants_and_others_stay)
{
    muse_region *region = test_region(1 << 20, SHARDS, 64);
    uint64_t purged;
    uint32_t n;

    for (n = 0; n < 500; n++) {
        put_variant(region, &PAGE, n, n % 3 * 4);
        put_variant(region, &OTHER, n + 500, n % 3 * 4);
    }
    CHECK_EQUAL(muse_purge_page(region, &PAGE, NOW, &purged), MUSE_OK);
    CHECK_EQUAL(purged, 500);
    CHECK_EQUAL(count(region, 0, 500), 0);
    CHECK_EQUAL(count(region, 500, 1000), 1000);
    CHECK_EQUAL(muse_purge_page(region, &PAGE, NOW, &purged), MUSE_OK);
    CHECK_EQUAL(purged, 0);
    muse_region_detach(region);
}

TEST(a_purge_leaves_a_mark_with_its_time)
{
    muse_region *region = test_region(1 << 20, SHARDS, 64);
    muse_entry_info info;
    uint8_t *bytes;
    uint64_t purged;

    CHECK_EQUAL(muse_store_get(region, &PAGE, NOW, &info, NULL, NULL, &bytes), MUSE_MISS);
    CHECK_EQUAL(muse_purge_page(region, &PAGE, NOW, &purged), MUSE_OK);
    CHECK_EQUAL(muse_purge_page(region, &PAGE, NOW + 5, &purged), MUSE_OK);
    CHECK_EQUAL(muse_store_get(region, &PAGE, NOW, &info, NULL, NULL, &bytes), MUSE_OK);
    CHECK_EQUAL(info.stored_at, NOW + 5);
    CHECK(!(info.flags & MUSE_ENTRY_ALIAS));
    CHECK_EQUAL(muse_store_get(region, &OTHER, NOW, &info, NULL, NULL, &bytes), MUSE_MISS);
    muse_region_detach(region);
}

TEST(aliases_without_a_tag_or_with_less_than_one_stay)
{
    muse_region *region = test_region(1 << 20, SHARDS, 64);
    const muse_key content = key_in(1, 9);
    const muse_key plain = key_in(1, 1);
    const muse_key shorter = key_in(1, 2);
    muse_entry_info info = {1000, 2000, 3000, MUSE_ENTRY_ALIAS, 0, MUSE_KEY_BYTES};
    uint64_t purged;

    CHECK_EQUAL(muse_store_put(region, &plain, &info, NULL, &content), MUSE_OK);
    info.head_len = sizeof PAGE - 1;
    CHECK_EQUAL(muse_store_put(region, &shorter, &info, &PAGE, &content), MUSE_OK);
    CHECK_EQUAL(muse_purge_page(region, &PAGE, NOW, &purged), MUSE_OK);
    CHECK_EQUAL(purged, 0);
    CHECK(is_there(region, &plain));
    CHECK(is_there(region, &shorter));
    muse_region_detach(region);
}

TEST(a_ring_in_its_second_lap_is_looked_through_whole)
{
    muse_region *region = test_region(1 << 20, 1, 64);
    uint64_t purged;
    uint32_t n;

    for (n = 0; stats_of(region).evicted < 3000; n++) {
        put_variant(region, n % 2 ? &PAGE : &OTHER, n, 0);
    }
    CHECK(count(region, 0, n) > 1000);
    CHECK_EQUAL(muse_purge_page(region, &PAGE, NOW, &purged), MUSE_OK);
    CHECK(purged > 250);
    while (n-- > 0) {
        const muse_key alias = key_in((uint8_t)n, n);

        CHECK(n % 2 == 0 || !is_there(region, &alias));
    }
    muse_region_detach(region);
}

TEST(all_pages_can_be_purged_at_once)
{
    muse_region *region = test_region(1 << 20, SHARDS, 64);
    const uint64_t epoch = muse_epoch_get(region);
    uint64_t purged;
    uint32_t n;

    for (n = 0; n < 100; n++) {
        put_variant(region, &PAGE, n, 0);
    }
    CHECK_EQUAL(muse_purge_all(region, &purged), MUSE_OK);
    CHECK_EQUAL(purged, 200);
    CHECK_EQUAL(stats_of(region).entries, 0);
    CHECK_EQUAL(muse_epoch_get(region), epoch + 1);
    put_variant(region, &PAGE, 1, 0);
    CHECK_EQUAL(count(region, 0, 2), 2);
    muse_region_detach(region);
}

/* Called with the shard locked. */
static void *stop(void *context, size_t size)
{
    (void)context;
    (void)size;
    raise(SIGSTOP);
    return NULL;
}

TEST(a_purge_that_can_not_be_had_everywhere_says_so_and_can_be_tried_again)
{
    muse_region *region = test_region(1 << 20, SHARDS, 64);
    const muse_key held = key_in(3, 7);
    uint64_t purged;
    uint32_t n;
    int status;
    pid_t pid;

    for (n = 0; n < 100; n++) {
        put_variant(region, &PAGE, n, 0);
    }
    CHECK_EQUAL(put_filled(region, &held, 10, 'x'), MUSE_OK);
    pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        muse_entry_info info;
        uint8_t *bytes;

        (void)muse_store_get(region, &held, NOW, &info, stop, NULL, &bytes);
        _exit(0);
    }
    CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
    CHECK_EQUAL(muse_purge_page(region, &PAGE, NOW, &purged), MUSE_ESYSTEM);
    CHECK(purged < 100);
    CHECK_EQUAL(muse_purge_all(region, &purged), MUSE_ESYSTEM);
    CHECK(kill(pid, SIGCONT) == 0);
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK_EQUAL(muse_purge_page(region, &PAGE, NOW, &purged), MUSE_OK);
    CHECK_EQUAL(purged, 25); /* those of the shard that was held */
    CHECK_EQUAL(muse_purge_all(region, &purged), MUSE_OK);
    CHECK_EQUAL(count(region, 0, 100), 0);
    muse_region_detach(region);
}

TEST(nonsense_in_a_shard_costs_entries_and_nothing_else)
{
    muse_region *region = test_region(1 << 20, 1, 64);
    uint64_t seed = test_seed();
    uint64_t purged;
    uint32_t n;
    int round;

    for (round = 0; round < 200; round++) {
        for (n = 0; n < 200; n++) {
            put_variant(region, &PAGE, n, 0);
        }
        for (n = 0; n < 50; n++) {
            /* Anywhere behind the mutex. */
            const size_t from = sizeof(muse_shard) - sizeof(muse_ring);
            const size_t at = from + test_below(&seed, 64 * 1024);

            region->shards[at] = (uint8_t)test_random(&seed);
        }
        (void)muse_purge_page(region, &PAGE, NOW, &purged);
        CHECK(purged <= 400);
    }
    muse_region_detach(region);
}

typedef struct {
    muse_region *region;
    atomic_int over;
} race;

static void *put_again_and_again(void *argument)
{
    race *with = argument;
    uint32_t n = 0;

    while (!atomic_load(&with->over)) {
        /* Here, too; an answer whose alias came too late has none that leads to it until then. */
        while (!try_variant(with->region, &PAGE, n % 300, 0)) {}
        n++;
    }
    return NULL;
}

TEST(purging_ends_while_others_store)
{
    race with = {test_region(1 << 20, SHARDS, 64), 0};
    pthread_t writer;
    uint64_t purged;
    int i;

    CHECK(pthread_create(&writer, NULL, put_again_and_again, &with) == 0);
    for (i = 0; i < 200; i++) {
        /* On a busy machine, or one that pauses, a lock may well be had too late. */
        (void)muse_purge_page(with.region, &PAGE, NOW, &purged);
    }
    atomic_store(&with.over, 1);
    CHECK(pthread_join(writer, NULL) == 0);
    CHECK_EQUAL(muse_purge_page(with.region, &PAGE, NOW, &purged), MUSE_OK);
    CHECK_EQUAL(count(with.region, 0, 300), 0);
    muse_region_detach(with.region);
}

TESTS(CASE(a_purged_page_is_gone_in_all_its_variants_and_others_stay),
      CASE(a_purge_leaves_a_mark_with_its_time),
      CASE(aliases_without_a_tag_or_with_less_than_one_stay),
      CASE(a_ring_in_its_second_lap_is_looked_through_whole), CASE(all_pages_can_be_purged_at_once),
      CASE(a_purge_that_can_not_be_had_everywhere_says_so_and_can_be_tried_again),
      CASE(nonsense_in_a_shard_costs_entries_and_nothing_else),
      CASE(purging_ends_while_others_store))
