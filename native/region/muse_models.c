#include <errno.h>
#include <string.h>

#include "muse_layout.h"
#include "muse_mutex.h"

/*
 * A sequence lock for each of two buffers. The words are stored with release and loaded with
 * acquire order, so that whoever loads a word of a table also sees, in the sequence, that it is
 * being written: no fence is needed (which ThreadSanitizer would not know).
 */

enum { TRIES = 10000 };

typedef union {
    muse_model model;
    uint64_t words[MUSE_MODEL_WORDS];
} model_words;

static int valid_name(const char *name)
{
    return *name && memchr(name, '\0', MUSE_MODEL_NAME_MAX + 1);
}

/* A model as a buffer has it: what follows a name's end is zero. */
static void to_words(const muse_model *model, model_words *words)
{
    memset(words, 0, sizeof *words);
    memcpy(words->model.name, model->name, strlen(model->name));
    memcpy(words->model.digest, model->digest, sizeof words->model.digest);
    words->model.flags = model->flags;
    words->model.ttl = model->ttl;
}

static void write_model(muse_model_buffer *buffer, size_t i, const muse_model *model)
{
    model_words copy;
    size_t w;

    to_words(model, &copy);
    for (w = 0; w < MUSE_MODEL_WORDS; w++) {
        atomic_store_explicit(&buffer->models[i][w], copy.words[w], memory_order_release);
    }
}

static int holds_model(const muse_model_buffer *buffer, size_t i, const muse_model *model)
{
    model_words copy;
    size_t w;

    to_words(model, &copy);
    for (w = 0; w < MUSE_MODEL_WORDS; w++) {
        if (atomic_load_explicit(&buffer->models[i][w], memory_order_acquire) != copy.words[w]) {
            return 0;
        }
    }
    return 1;
}

static void read_model(const muse_model_buffer *buffer, size_t i, muse_model *model)
{
    model_words copy;
    size_t w;

    for (w = 0; w < MUSE_MODEL_WORDS; w++) {
        copy.words[w] = atomic_load_explicit(&buffer->models[i][w], memory_order_acquire);
    }
    *model = copy.model;
    model->name[MUSE_MODEL_NAME_MAX] = '\0';
}

/*
 * Whether the buffer holds just this table, to the last word, so that whoever looks finds it: what
 * another process has spoilt is written anew. Writers only.
 */
static int holds(const muse_model_buffer *buffer, const muse_model *models, size_t count,
                 size_t default_index)
{
    size_t i;

    if (atomic_load(&buffer->sequence) & 1 || atomic_load(&buffer->count) != count ||
        (count && atomic_load(&buffer->default_index) != default_index)) {
        return 0;
    }
    for (i = 0; i < count; i++) {
        if (!holds_model(buffer, i, &models[i])) {
            return 0;
        }
    }
    return 1;
}

/* Whether this is a table at all. */
static muse_status check_table(const muse_model *models, size_t count, size_t default_index)
{
    size_t i;
    size_t j;

    if (count > MUSE_MODELS_MAX) {
        return MUSE_TOO_LARGE;
    }
    for (i = 0; i < count; i++) {
        if (!valid_name(models[i].name)) {
            return MUSE_EINVAL;
        }
        for (j = 0; j < i; j++) {
            if (!strcmp(models[i].name, models[j].name)) {
                return MUSE_EINVAL;
            }
        }
    }
    return count && default_index >= count ? MUSE_EINVAL : MUSE_OK;
}

static void write_table(muse_model_buffer *buffer, const muse_model *models, size_t count,
                        size_t default_index)
{
    /* A writer that died in here has left it odd. */
    const uint64_t sequence = atomic_load_explicit(&buffer->sequence, memory_order_relaxed) | 1;
    size_t i;

    atomic_store_explicit(&buffer->sequence, sequence, memory_order_relaxed);
    for (i = 0; i < count; i++) {
        write_model(buffer, i, &models[i]);
    }
    atomic_store_explicit(&buffer->count, count, memory_order_release);
    atomic_store_explicit(&buffer->default_index, default_index, memory_order_release);
    atomic_store_explicit(&buffer->sequence, sequence + 1, memory_order_release);
}

muse_status muse_models_publish(muse_region *region, const muse_model *models, size_t count,
                                size_t default_index)
{
    muse_model_table *table = region->models;
    const muse_status status = check_table(models, count, default_index);
    uint64_t generation;
    int error;

    if (status != MUSE_OK) {
        return status;
    }
    error = muse_mutex_lock(&table->writers);
    if (error == EOWNERDEAD) {
        muse_mutex_repaired(&table->writers); /* only the idle buffer can be half written */
    } else if (error) {
        errno = error;
        return MUSE_ESYSTEM;
    }
    generation = atomic_load_explicit(&table->generation, memory_order_acquire);
    if (generation == 0 || !holds(&table->buffers[generation & 1], models, count, default_index)) {
        write_table(&table->buffers[(generation + 1) & 1], models, count, default_index);
        atomic_store_explicit(&table->generation, generation + 1, memory_order_release);
    }
    muse_mutex_unlock(&table->writers);
    return MUSE_OK;
}

/* What is looked for: a name, in whole words and padded with zeros as the table's are, or a number.
 */
typedef struct {
    enum { BY_NAME, BY_NUMBER, BY_DEFAULT } by;
    uint64_t number;
    size_t name_words; /* with the NUL */
    uint64_t name[(MUSE_MODEL_NAME_MAX + 1) / 8];
} wanted_model;

static int has_name(const muse_model_buffer *buffer, uint64_t i, const wanted_model *wanted)
{
    size_t w;

    for (w = 0; w < wanted->name_words; w++) {
        if (atomic_load_explicit(&buffer->models[i][w], memory_order_acquire) != wanted->name[w]) {
            return 0;
        }
    }
    return 1;
}

/* The number of what is wanted in one buffer, or one that is too large. */
static uint64_t number_of(const muse_model_buffer *buffer, const wanted_model *wanted,
                          uint64_t count)
{
    uint64_t i = 0;

    switch (wanted->by) {
    case BY_DEFAULT:
        return atomic_load_explicit(&buffer->default_index, memory_order_acquire);
    case BY_NUMBER:
        return wanted->number;
    case BY_NAME:
        while (i < count && !has_name(buffer, i, wanted)) {
            i++;
        }
        return i;
    }
    return UINT64_MAX;
}

/* One look at a buffer, which may be written meanwhile. */
static muse_status look(const muse_model_buffer *buffer, const wanted_model *wanted,
                        muse_model *model)
{
    const uint64_t said = atomic_load_explicit(&buffer->count, memory_order_acquire);
    const uint64_t count = said < MUSE_MODELS_MAX ? said : MUSE_MODELS_MAX;
    const uint64_t i = number_of(buffer, wanted, count);

    if (i >= count) {
        return MUSE_MISS;
    }
    read_model(buffer, i, model);
    return MUSE_OK;
}

/* Looks until nobody wrote meanwhile. */
static muse_status consistent_look(const muse_region *region, const wanted_model *wanted,
                                   muse_model *model)
{
    const muse_model_table *table = region->models;
    int i;

    for (i = 0; i < TRIES; i++) {
        const uint64_t generation = atomic_load_explicit(&table->generation, memory_order_acquire);
        const muse_model_buffer *buffer = &table->buffers[generation & 1];
        const uint64_t before = atomic_load_explicit(&buffer->sequence, memory_order_acquire);
        muse_status status;

        if (generation == 0) {
            return MUSE_MISS;
        }
        if (before & 1) {
            continue;
        }
        status = look(buffer, wanted, model);
        if (atomic_load_explicit(&buffer->sequence, memory_order_relaxed) == before) {
            return status;
        }
    }
    return MUSE_MISS;
}

muse_status muse_models_find(const muse_region *region, const char *name, size_t name_len,
                             muse_model *model)
{
    wanted_model wanted = {.by = BY_NAME, .name_words = name_len / 8 + 1};

    if (name_len == 0 || name_len > MUSE_MODEL_NAME_MAX || memchr(name, '\0', name_len)) {
        return MUSE_MISS;
    }
    memcpy(wanted.name, name, name_len);
    return consistent_look(region, &wanted, model);
}

muse_status muse_models_default(const muse_region *region, muse_model *model)
{
    const wanted_model wanted = {.by = BY_DEFAULT};

    return consistent_look(region, &wanted, model);
}

muse_status muse_models_at(const muse_region *region, size_t i, muse_model *model)
{
    const wanted_model wanted = {.by = BY_NUMBER, .number = i};

    return consistent_look(region, &wanted, model);
}

uint64_t muse_models_generation(const muse_region *region)
{
    return atomic_load_explicit(&region->models->generation, memory_order_acquire);
}
