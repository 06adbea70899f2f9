/* What it costs the others when a process dies, or stops, inside a shard. */
#include <signal.h>

#include "store_help.h"

enum { SHARDS = 4, EACH = 20 };

static void fill(muse_region *region)
{
    uint8_t shard;
    uint32_t n;

    for (shard = 0; shard < SHARDS; shard++) {
        for (n = 0; n < EACH; n++) {
            const muse_key key = key_in(shard, n);

            CHECK_EQUAL(put_filled(region, &key, 100 + n, shard), MUSE_OK);
        }
    }
}

/* How many of what fill() put into a shard are there. */
static uint32_t count(muse_region *region, uint8_t shard)
{
    uint32_t there = 0;
    uint32_t n;

    for (n = 0; n < EACH; n++) {
        const muse_key key = key_in(shard, n);

        there += (uint32_t)has_filled(region, &key, 100 + n, shard);
    }
    return there;
}

/* Called with the shard locked. */
static void *die(void *context, size_t size)
{
    (void)context;
    (void)size;
    raise(SIGKILL);
    return NULL;
}

static void die_in_shard_two(void *argument)
{
    const muse_key key = key_in(2, 7);
    muse_entry_info info;
    uint8_t *bytes;

    (void)muse_store_get(argument, &key, 1500, &info, die, NULL, &bytes);
}

TEST(a_process_killed_in_a_shard_costs_that_shard_and_nothing_else)
{
    muse_region *region = test_region(1 << 20, SHARDS, 64);
    int round;

    for (round = 1; round <= 3; round++) {
        fill(region);
        CHECK_EQUAL(WTERMSIG(test_in_child(die_in_shard_two, region)), SIGKILL);
        CHECK_EQUAL(count(region, 0), EACH);
        CHECK_EQUAL(count(region, 1), EACH);
        CHECK_EQUAL(count(region, 2), 0);
        CHECK_EQUAL(count(region, 3), EACH);
        CHECK_EQUAL(stats_of(region).recovered, round);
        CHECK_EQUAL(stats_of(region).entries, 3 * EACH);
    }
    fill(region);
    CHECK_EQUAL(count(region, 2), EACH);
    muse_region_detach(region);
}

static void find_the_dead_and_die(void *argument)
{
    const muse_key key = key_in(2, 1);

    /* The first to come repairs the shard; it is killed after that, with the shard in use. */
    CHECK_EQUAL(put_filled(argument, &key, 10, 'x'), MUSE_OK);
    die_in_shard_two(argument);
    (void)muse_store_get(argument, &key, 1500, &(muse_entry_info){0}, die, NULL,
                         &(uint8_t *){NULL});
}

TEST(the_one_who_repairs_a_shard_may_be_killed_in_it_too)
{
    muse_region *region = test_region(1 << 20, SHARDS, 64);

    fill(region);
    CHECK_EQUAL(WTERMSIG(test_in_child(die_in_shard_two, region)), SIGKILL);
    CHECK_EQUAL(WTERMSIG(test_in_child(find_the_dead_and_die, region)), SIGKILL);
    CHECK_EQUAL(count(region, 2), 0);
    CHECK_EQUAL(stats_of(region).recovered, 2);
    fill(region);
    CHECK_EQUAL(count(region, 2), EACH);
    muse_region_detach(region);
}

static void *stop(void *context, size_t size)
{
    (void)context;
    (void)size;
    raise(SIGSTOP);
    return NULL;
}

static void stop_in_shard_two(void *argument)
{
    const muse_key key = key_in(2, 7);
    muse_entry_info info;
    uint8_t *bytes;

    CHECK_EQUAL(muse_store_get(argument, &key, 1500, &info, stop, NULL, &bytes), MUSE_ENOMEM);
}

TEST(a_process_stopped_in_a_shard_costs_the_others_misses_and_not_their_threads)
{
    muse_region *region = test_region(1 << 20, SHARDS, 64);
    const muse_key key = key_in(2, 7);
    int status;
    pid_t pid;

    fill(region);
    pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        stop_in_shard_two(region);
        _exit(0);
    }
    CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
    CHECK(!has_filled(region, &key, 107, 2));
    CHECK_EQUAL(put_filled(region, &key, 107, 2), MUSE_ESYSTEM);
    CHECK_EQUAL(errno, ETIMEDOUT);
    CHECK_EQUAL(muse_store_remove(region, &key), MUSE_MISS);
    CHECK_EQUAL(count(region, 1), EACH);
    CHECK_EQUAL(stats_of(region).entries, 3 * EACH);

    CHECK(kill(pid, SIGCONT) == 0);
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    CHECK_EQUAL(count(region, 2), EACH);
    CHECK_EQUAL(stats_of(region).recovered, 0);
    muse_region_detach(region);
}

typedef struct {
    muse_region *region;
    uint64_t seed;
} victim;

static void put_and_get_for_ever(void *argument)
{
    victim *v = argument;

    for (;;) {
        const muse_key key =
            key_in((uint8_t)test_below(&v->seed, SHARDS), (uint32_t)test_below(&v->seed, 100));

        if (test_below(&v->seed, 2)) {
            (void)put_filled(v->region, &key, (uint32_t)test_below(&v->seed, 30000), 'v');
        } else {
            muse_entry_info info;
            uint8_t *bytes;

            (void)muse_store_get(v->region, &key, 1500, &info, test_alloc, NULL, &bytes);
            free(bytes);
        }
    }
}

TEST(processes_killed_at_any_moment_leave_a_store_that_works)
{
    muse_region *region = test_region(1 << 20, SHARDS, 64);
    victim v = {region, test_seed()};
    int round;

    for (round = 0; round < 200; round++) {
        const uint64_t before = stats_of(region).bytes_used + stats_of(region).evicted;
        const uint64_t until = muse_clock_ns() + test_below(&v.seed, 3000000);
        int status;
        uint8_t shard;
        pid_t pid = fork();

        CHECK(pid >= 0);
        if (pid == 0) {
            v.seed += (uint64_t)round;
            put_and_get_for_ever(&v);
        }
        /* Killed at a random moment, once it has done anything at all. */
        while (muse_clock_ns() < until ||
               stats_of(region).bytes_used + stats_of(region).evicted == before) {}
        CHECK(kill(pid, SIGKILL) == 0);
        CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
        for (shard = 0; shard < SHARDS; shard++) {
            const muse_key key = key_in(shard, 1000);

            CHECK_EQUAL(put_filled(region, &key, 5000, shard), MUSE_OK);
            CHECK(has_filled(region, &key, 5000, shard));
        }
    }
    printf("  %llu shards were emptied in 200 deaths\n",
           (unsigned long long)stats_of(region).recovered);
    muse_region_detach(region);
}

TESTS(CASE(a_process_killed_in_a_shard_costs_that_shard_and_nothing_else),
      CASE(the_one_who_repairs_a_shard_may_be_killed_in_it_too),
      CASE(a_process_stopped_in_a_shard_costs_the_others_misses_and_not_their_threads),
      CASE(processes_killed_at_any_moment_leave_a_store_that_works))
