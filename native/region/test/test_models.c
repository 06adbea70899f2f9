#include <pthread.h>
#include <signal.h>

#include "muse_layout.h"
#include "muse_mutex.h"
#include "test.h"

static muse_model model_of(const char *name, uint32_t ttl)
{
    muse_model model;

    memset(&model, 0xee, sizeof model); /* what lies behind the NUL is nobody's business */
    strcpy(model.name, name);
    memset(model.digest, (int)(ttl & 0xff), sizeof model.digest);
    model.flags = 0;
    model.ttl = ttl;
    return model;
}

static muse_status find(muse_region *region, const char *name, muse_model *model)
{
    return muse_models_find(region, name, strlen(name), model);
}

TEST(before_the_first_table_there_is_no_model)
{
    muse_region *region = test_region(1 << 20, 1, 64);
    muse_model model;

    CHECK_EQUAL(muse_models_generation(region), 0);
    CHECK_EQUAL(find(region, "a", &model), MUSE_MISS);
    CHECK_EQUAL(muse_models_default(region, &model), MUSE_MISS);
    CHECK_EQUAL(muse_models_at(region, 0, &model), MUSE_MISS);
    muse_region_detach(region);
}

TEST(a_published_table_is_found_by_name_by_number_and_by_default)
{
    muse_region *region = test_region(1 << 20, 1, 64);
    const muse_model models[] = {model_of("one", 1), model_of("two", 2), model_of("tw", 3)};
    muse_model model;

    CHECK_EQUAL(muse_models_publish(region, models, 3, 1), MUSE_OK);
    CHECK_EQUAL(find(region, "two", &model), MUSE_OK);
    CHECK(!strcmp(model.name, "two"));
    CHECK_EQUAL(model.ttl, 2);
    CHECK_EQUAL(model.digest[19], 2);
    CHECK_EQUAL(find(region, "tw", &model), MUSE_OK);
    CHECK_EQUAL(model.ttl, 3);
    CHECK_EQUAL(find(region, "t", &model), MUSE_MISS);
    CHECK_EQUAL(find(region, "twos", &model), MUSE_MISS);
    CHECK_EQUAL(find(region, "", &model), MUSE_MISS);
    CHECK_EQUAL(muse_models_find(region, "two\0", 4, &model), MUSE_MISS);
    CHECK_EQUAL(muse_models_default(region, &model), MUSE_OK);
    CHECK(!strcmp(model.name, "two"));
    CHECK_EQUAL(muse_models_at(region, 2, &model), MUSE_OK);
    CHECK(!strcmp(model.name, "tw"));
    CHECK_EQUAL(muse_models_at(region, 3, &model), MUSE_MISS);
    CHECK_EQUAL(muse_models_at(region, SIZE_MAX, &model), MUSE_MISS);
    muse_region_detach(region);
}

TEST(names_that_begin_alike_are_told_apart_at_every_length)
{
    muse_region *region = test_region(1 << 20, 1, 64);
    const char *all = "abcdefghijklmnopqrstuvwxyz";
    muse_model models[26];
    muse_model model;
    char name[32];
    uint32_t i;

    for (i = 0; i < 26; i++) {
        snprintf(name, sizeof name, "%.*s", (int)i + 1, all);
        models[i] = model_of(name, i);
    }
    CHECK_EQUAL(muse_models_publish(region, models, 26, 0), MUSE_OK);
    for (i = 0; i < 26; i++) {
        CHECK_EQUAL(muse_models_find(region, all, i + 1, &model), MUSE_OK);
        CHECK_EQUAL(model.ttl, i);
        CHECK_EQUAL(strlen(model.name), i + 1);
    }
    muse_region_detach(region);
}

TEST(the_same_table_again_changes_nothing_and_any_difference_does)
{
    muse_region *region = test_region(1 << 20, 1, 64);
    muse_model models[] = {model_of("one", 1), model_of("two", 2)};

    CHECK_EQUAL(muse_models_publish(region, models, 2, 0), MUSE_OK);
    CHECK_EQUAL(muse_models_generation(region), 1);
    memset(models[1].name + 4, 0x11, 20); /* behind the NUL */
    CHECK_EQUAL(muse_models_publish(region, models, 2, 0), MUSE_OK);
    CHECK_EQUAL(muse_models_generation(region), 1);
    CHECK_EQUAL(muse_models_publish(region, models, 2, 1), MUSE_OK);
    CHECK_EQUAL(muse_models_generation(region), 2);
    models[0].digest[0] ^= 1;
    CHECK_EQUAL(muse_models_publish(region, models, 2, 1), MUSE_OK);
    CHECK_EQUAL(muse_models_generation(region), 3);
    CHECK_EQUAL(muse_models_publish(region, models, 1, 0), MUSE_OK);
    CHECK_EQUAL(muse_models_generation(region), 4);
    muse_region_detach(region);
}

TEST(an_empty_table_takes_all_models_away)
{
    muse_region *region = test_region(1 << 20, 1, 64);
    muse_model model = model_of("one", 1);

    CHECK_EQUAL(muse_models_publish(region, &model, 1, 0), MUSE_OK);
    CHECK_EQUAL(muse_models_publish(region, NULL, 0, 0), MUSE_OK);
    CHECK_EQUAL(muse_models_generation(region), 2);
    CHECK_EQUAL(find(region, "one", &model), MUSE_MISS);
    CHECK_EQUAL(muse_models_default(region, &model), MUSE_MISS);
    muse_region_detach(region);
}

TEST(a_table_of_the_greatest_size_fits)
{
    muse_region *region = test_region(1 << 20, 1, 64);
    muse_model *models = calloc(MUSE_MODELS_MAX + 1, sizeof *models);
    muse_model model;
    int i;

    CHECK(models);
    for (i = 0; i <= MUSE_MODELS_MAX; i++) {
        memset(models[i].name, 'n', MUSE_MODEL_NAME_MAX);
        models[i].name[0] = (char)('a' + i % 26);
        models[i].name[1] = (char)('a' + i / 26);
        models[i].ttl = (uint32_t)i;
    }
    CHECK_EQUAL(muse_models_publish(region, models, MUSE_MODELS_MAX, 255), MUSE_OK);
    for (i = 0; i < MUSE_MODELS_MAX; i++) {
        CHECK_EQUAL(find(region, models[i].name, &model), MUSE_OK);
        CHECK_EQUAL(model.ttl, i);
    }
    CHECK_EQUAL(muse_models_publish(region, models, MUSE_MODELS_MAX + 1, 0), MUSE_TOO_LARGE);
    CHECK_EQUAL(muse_models_generation(region), 1);
    free(models);
    muse_region_detach(region);
}

TEST(a_table_that_is_none_is_refused_and_the_old_one_stays)
{
    muse_region *region = test_region(1 << 20, 1, 64);
    const muse_model good = model_of("good", 1);
    muse_model models[] = {model_of("one", 1), model_of("one", 2)};
    muse_model model;

    CHECK_EQUAL(muse_models_publish(region, &good, 1, 0), MUSE_OK);
    CHECK_EQUAL(muse_models_publish(region, models, 2, 0), MUSE_EINVAL); /* a name twice */
    CHECK_EQUAL(muse_models_publish(region, models, 1, 1), MUSE_EINVAL); /* no such default */
    models[0].name[0] = '\0';
    CHECK_EQUAL(muse_models_publish(region, models, 1, 0), MUSE_EINVAL);
    memset(models[0].name, 'x', sizeof models[0].name);
    CHECK_EQUAL(muse_models_publish(region, models, 1, 0), MUSE_EINVAL);
    CHECK_EQUAL(find(region, "good", &model), MUSE_OK);
    CHECK_EQUAL(muse_models_generation(region), 1);
    muse_region_detach(region);
}

TEST(a_buffer_that_is_being_written_is_not_read)
{
    muse_region *region = test_region(1 << 20, 1, 64);
    const muse_model published = model_of("one", 1);
    muse_model model;

    CHECK_EQUAL(muse_models_publish(region, &published, 1, 0), MUSE_OK);
    /* As for a reader that has slept through a publish, and wakes up during the next one. */
    atomic_fetch_add(&region->models->buffers[1].sequence, 1);
    CHECK_EQUAL(find(region, "one", &model), MUSE_MISS);
    CHECK_EQUAL(muse_models_default(region, &model), MUSE_MISS);
    atomic_fetch_add(&region->models->buffers[1].sequence, 1);
    CHECK_EQUAL(find(region, "one", &model), MUSE_OK);
    muse_region_detach(region);
}

/* Two ways in which a process that writes where it should not hides a table that seems whole. */
TEST(a_table_that_was_spoilt_is_written_anew_when_it_is_published_again)
{
    muse_region *region = test_region(1 << 20, 1, 64);
    const muse_model good = model_of("good", 5);
    muse_model_buffer *buffer;
    muse_model model;

    CHECK_EQUAL(muse_models_publish(region, &good, 1, 0), MUSE_OK);
    buffer = &region->models->buffers[muse_models_generation(region) & 1];
    atomic_fetch_or(&buffer->models[0][0], UINT64_C(0xff) << 56);
    CHECK_EQUAL(find(region, "good", &model), MUSE_MISS);
    CHECK_EQUAL(muse_models_publish(region, &good, 1, 0), MUSE_OK);
    CHECK_EQUAL(find(region, "good", &model), MUSE_OK);

    buffer = &region->models->buffers[muse_models_generation(region) & 1];
    atomic_fetch_or(&buffer->sequence, 1);
    CHECK_EQUAL(muse_models_publish(region, &good, 1, 0), MUSE_OK);
    CHECK_EQUAL(find(region, "good", &model), MUSE_OK);
    CHECK_EQUAL(model.ttl, 5);
    muse_region_detach(region);
}

static void die_while_publishing(void *argument)
{
    muse_region *region = argument;
    muse_model_buffer *idle = &region->models->buffers[(muse_models_generation(region) + 1) & 1];

    CHECK_EQUAL(muse_mutex_lock(&region->models->writers), 0);
    atomic_fetch_or(&idle->sequence, 1);
    atomic_store(&idle->count, 200);
    atomic_store(&idle->models[0][0], UINT64_MAX);
    raise(SIGKILL);
}

TEST(a_publisher_that_dies_leaves_the_old_table_and_lets_the_next_one_publish)
{
    muse_region *region = test_region(1 << 20, 1, 64);
    const muse_model old = model_of("old", 1);
    const muse_model new = model_of("new", 2);
    muse_model model;
    int round;

    for (round = 0; round < 3; round++) {
        CHECK_EQUAL(muse_models_publish(region, &old, 1, 0), MUSE_OK);
        CHECK_EQUAL(WTERMSIG(test_in_child(die_while_publishing, region)), SIGKILL);
        CHECK_EQUAL(find(region, "old", &model), MUSE_OK);
        CHECK_EQUAL(muse_models_at(region, 1, &model), MUSE_MISS);
        CHECK_EQUAL(muse_models_publish(region, &new, 1, 0), MUSE_OK);
        CHECK_EQUAL(find(region, "new", &model), MUSE_OK);
        CHECK_EQUAL(find(region, "old", &model), MUSE_MISS);
    }
    muse_region_detach(region);
}

enum { PUBLISHES = 100000, READERS = 3, MODELS = 6 };

typedef struct {
    muse_region *region;
    atomic_int done;
    atomic_ulong seen; /* models that were read */
} readers;

/* A table of version v: every model's name, digest, flags and ttl follow from its number and v. */
static void make_table(muse_model *models, uint32_t version)
{
    int i;

    for (i = 0; i < MODELS; i++) {
        models[i] = model_of(version % 2 ? "model-0-with-a-name-of-several-words" : "model-0-short",
                             version * 10 + (uint32_t)i);
        models[i].name[6] = (char)('0' + i);
        memset(models[i].digest, (int)(version & 0xff), sizeof models[i].digest);
        models[i].flags = version;
    }
}

/* Quick, so that readers spend their time reading. */
static void check_whole(const muse_model *model, uint32_t number)
{
    uint32_t i;

    CHECK_EQUAL(model->ttl, model->flags * 10 + number);
    CHECK_EQUAL(model->name[6], '0' + number);
    CHECK(!strcmp(model->name + 7, model->flags % 2 ? "-with-a-name-of-several-words" : "-short"));
    for (i = 0; i < sizeof model->digest; i++) {
        CHECK_EQUAL(model->digest[i], model->flags & 0xff);
    }
}

static void *read_for_ever(void *argument)
{
    readers *r = argument;
    unsigned long seen = 0;
    uint32_t i = 0;

    while (!atomic_load(&r->done)) {
        muse_model model;

        if (muse_models_at(r->region, i % MODELS, &model) == MUSE_OK) {
            check_whole(&model, i % MODELS);
            seen++;
        }
        if (muse_models_default(r->region, &model) == MUSE_OK) {
            /* Which is the default follows from the version. */
            check_whole(&model, model.flags % MODELS);
            seen++;
        }
        if (find(r->region, "model-3-short", &model) == MUSE_OK) {
            CHECK_EQUAL(model.flags % 2, 0);
            check_whole(&model, 3);
            seen++;
        }
        i++;
    }
    atomic_fetch_add(&r->seen, seen);
    return NULL;
}

TEST(readers_never_see_a_torn_table_during_100000_publishes)
{
    readers r = {.region = test_region(1 << 20, 1, 64)};
    muse_model models[MODELS];
    pthread_t threads[READERS];
    uint32_t version;
    int i;

    make_table(models, 0);
    CHECK_EQUAL(muse_models_publish(r.region, models, MODELS, 0), MUSE_OK);
    for (i = 0; i < READERS; i++) {
        CHECK(pthread_create(&threads[i], NULL, read_for_ever, &r) == 0);
    }
    for (version = 1; version <= PUBLISHES; version++) {
        make_table(models, version);
        CHECK_EQUAL(muse_models_publish(r.region, models, MODELS, version % MODELS), MUSE_OK);
    }
    atomic_store(&r.done, 1);
    for (i = 0; i < READERS; i++) {
        pthread_join(threads[i], NULL);
    }
    CHECK_EQUAL(muse_models_generation(r.region), PUBLISHES + 1);
    printf("  %lu models were read\n", atomic_load(&r.seen));
    CHECK(atomic_load(&r.seen) > 1000);
    muse_region_detach(r.region);
}

TESTS(CASE(before_the_first_table_there_is_no_model),
      CASE(a_published_table_is_found_by_name_by_number_and_by_default),
      CASE(names_that_begin_alike_are_told_apart_at_every_length),
      CASE(the_same_table_again_changes_nothing_and_any_difference_does),
      CASE(an_empty_table_takes_all_models_away), CASE(a_table_of_the_greatest_size_fits),
      CASE(a_table_that_is_none_is_refused_and_the_old_one_stays),
      CASE(a_buffer_that_is_being_written_is_not_read),
      CASE(a_table_that_was_spoilt_is_written_anew_when_it_is_published_again),
      CASE(a_publisher_that_dies_leaves_the_old_table_and_lets_the_next_one_publish),
      CASE(readers_never_see_a_torn_table_during_100000_publishes))
