/* What is remembered of prompts, over purges, deaths and at the same moment. */
#include <pthread.h>
#include <signal.h>

#include "muse_layout.h"
#include "muse_prompts.h"
#include "muse_store.h"
#include "test.h"

static muse_prompt prompt_of(const char *path, uint8_t state)
{
    muse_prompt prompt = {.path = path, .length = strlen(path)};

    memset(prompt.state, state, sizeof prompt.state);
    return prompt;
}

static muse_status note(muse_region *region, const char *path, uint8_t state, int *replaced)
{
    const muse_prompt prompt = prompt_of(path, state);

    return muse_prompts_note(region, &prompt, replaced);
}

/* A path's state, or -1; *count: how many paths there are. */
static int state_of(muse_region *region, const char *path, size_t *count)
{
    uint8_t *copy;
    size_t length;
    size_t at = 0;
    muse_prompt prompt;
    int state = -1;

    CHECK_EQUAL(muse_prompts_copy(region, &copy, &length), MUSE_OK);
    for (*count = 0; muse_prompts_next(copy, length, &at, &prompt); ++*count) {
        if (prompt.length == strlen(path) && !memcmp(prompt.path, path, prompt.length)) {
            state = prompt.state[0];
        }
    }
    free(copy);
    return state;
}

static int has_nothing_to_trust(muse_region *region)
{
    uint8_t *copy;
    size_t length;
    const muse_status status = muse_prompts_copy(region, &copy, &length);

    free(copy);
    return status == MUSE_MISS;
}

TEST(a_state_is_kept_until_another_which_raises_the_epoch)
{
    muse_region *region = test_region(1 << 20, 1, 64);
    size_t count;
    int replaced;

    CHECK_EQUAL(state_of(region, "/a", &count), -1);
    CHECK_EQUAL(count, 0);
    CHECK_EQUAL(note(region, "/a", 1, &replaced), MUSE_OK);
    CHECK_EQUAL(replaced, 0);
    CHECK_EQUAL(note(region, "/ab", 2, &replaced), MUSE_OK);
    CHECK_EQUAL(note(region, "/a", 1, &replaced), MUSE_OK);
    CHECK_EQUAL(replaced, 0);
    CHECK_EQUAL(muse_epoch_get(region), 1);
    CHECK_EQUAL(note(region, "/a", 3, &replaced), MUSE_OK);
    CHECK_EQUAL(replaced, 1);
    CHECK_EQUAL(muse_epoch_get(region), 2);
    CHECK_EQUAL(state_of(region, "/a", &count), 3);
    CHECK_EQUAL(state_of(region, "/ab", &count), 2);
    CHECK_EQUAL(count, 2);
    muse_region_detach(region);
}

TEST(it_stays_when_all_pages_go)
{
    muse_region *region = test_region(1 << 20, 1, 64);
    size_t count;
    int replaced;

    CHECK_EQUAL(note(region, "/a", 1, &replaced), MUSE_OK);
    muse_store_clear(region);
    CHECK_EQUAL(state_of(region, "/a", &count), 1);
    muse_region_detach(region);
}

TEST(what_can_not_be_noted_leaves_nothing_to_trust)
{
    static char path[MUSE_PROMPT_PATH_MAX + 2];
    muse_region *region = test_region(1 << 20, 1, 64);
    uint32_t n = 0;
    muse_status status;
    int replaced;

    do {
        CHECK(!has_nothing_to_trust(region));
        snprintf(path, sizeof path, "/%04000u", n++);
        status = note(region, path, 1, &replaced);
    } while (status == MUSE_OK);
    CHECK_EQUAL(status, MUSE_TOO_LARGE);
    CHECK(n > 200);
    CHECK(has_nothing_to_trust(region));
    muse_region_detach(region);

    region = test_region(1 << 20, 1, 64);
    memset(path, 'x', sizeof path - 1);
    CHECK_EQUAL(note(region, path, 1, &replaced), MUSE_EINVAL);
    CHECK(has_nothing_to_trust(region));
    muse_region_detach(region);
}

static void die_within(void *argument)
{
    muse_region *region = argument;

    (void)pthread_mutex_lock(&region->prompts->mutex);
    /* A record half written, which does not count yet. */
    memset(region->prompts->bytes + atomic_load(&region->prompts->used), 1, 30);
    raise(SIGKILL);
}

TEST(a_writer_that_dies_in_the_middle_has_added_nothing)
{
    muse_region *region = test_region(1 << 20, 1, 64);
    size_t count;
    int replaced;

    CHECK_EQUAL(note(region, "/a", 1, &replaced), MUSE_OK);
    CHECK(WIFSIGNALED(test_in_child(die_within, region)));
    CHECK_EQUAL(note(region, "/b", 2, &replaced), MUSE_OK);
    CHECK_EQUAL(state_of(region, "/a", &count), 1);
    CHECK_EQUAL(state_of(region, "/b", &count), 2);
    CHECK_EQUAL(count, 2);
    muse_region_detach(region);
}

enum { WRITERS = 4, EACH = 200 };

typedef struct {
    muse_region *region;
    unsigned number;
} writer;

static void *write_many(void *argument)
{
    const writer *w = argument;
    unsigned i;

    for (i = 0; i < EACH; i++) {
        char path[32];
        int replaced;

        snprintf(path, sizeof path, "/%u/%u", w->number, i);
        CHECK_EQUAL(note(w->region, path, 1, &replaced), MUSE_OK);
    }
    return NULL;
}

TEST(engines_that_note_at_the_same_time_lose_nothing)
{
    muse_region *region = test_region(1 << 20, 1, 64);
    pthread_t threads[WRITERS];
    writer writers[WRITERS];
    size_t count;
    unsigned i;

    for (i = 0; i < WRITERS; i++) {
        writers[i] = (writer){region, i};
        CHECK(pthread_create(&threads[i], NULL, write_many, &writers[i]) == 0);
    }
    for (i = 0; i < WRITERS; i++) {
        pthread_join(threads[i], NULL);
    }
    (void)state_of(region, "", &count);
    CHECK_EQUAL(count, WRITERS * EACH);
    muse_region_detach(region);
}

TEST(what_is_no_record_is_not_trusted)
{
    muse_region *region = test_region(1 << 20, 1, 64);
    muse_prompt_table *table = region->prompts;
    uint64_t used;
    int replaced;

    CHECK_EQUAL(note(region, "/a", 1, &replaced), MUSE_OK);
    used = atomic_load(&table->used);
    CHECK(!has_nothing_to_trust(region));
    atomic_store(&table->used, used - 1);
    CHECK(has_nothing_to_trust(region));
    atomic_store(&table->used, used + 1);
    CHECK(has_nothing_to_trust(region));
    atomic_store(&table->used, sizeof table->bytes + 1);
    CHECK(has_nothing_to_trust(region));
    atomic_store(&table->used, used);
    memset(table->bytes, 0, sizeof(uint16_t));
    CHECK(has_nothing_to_trust(region));
    memset(table->bytes, 0xff, sizeof(uint16_t));
    CHECK(has_nothing_to_trust(region));
    muse_region_detach(region);
}

TEST(nonsense_does_no_harm)
{
    uint64_t seed = test_seed();
    int round;

    for (round = 0; round < 500; round++) {
        muse_region *region = test_region(1 << 20, 1, 64);
        muse_prompt_table *table = region->prompts;
        uint8_t *copy;
        size_t length;
        size_t at = 0;
        muse_prompt prompt;
        int replaced;
        size_t i;

        for (i = 0; i < 4096; i++) {
            table->bytes[i] = (uint8_t)test_random(&seed);
        }
        atomic_store(&table->used, round & 1 ? test_random(&seed) : test_below(&seed, 4096) + 1);
        if (round & 2) {
            atomic_store(&table->used, sizeof table->bytes - test_below(&seed, 30));
        }
        (void)note(region, "/b", 2, &replaced);
        if (muse_prompts_copy(region, &copy, &length) == MUSE_OK) {
            while (muse_prompts_next(copy, length, &at, &prompt)) {}
            CHECK_EQUAL(at, length);
        }
        free(copy);
        muse_region_detach(region);
    }
}

TESTS(CASE(a_state_is_kept_until_another_which_raises_the_epoch), CASE(it_stays_when_all_pages_go),
      CASE(what_can_not_be_noted_leaves_nothing_to_trust),
      CASE(a_writer_that_dies_in_the_middle_has_added_nothing),
      CASE(engines_that_note_at_the_same_time_lose_nothing), CASE(what_is_no_record_is_not_trusted),
      CASE(nonsense_does_no_harm))
