#include "muse_prompts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "muse_layout.h"
#include "muse_mutex.h"

/* A record: the length of its path, a state, and the path. */
enum { STATE_AT = sizeof(uint16_t), PATH_AT = STATE_AT + MUSE_PROMPT_STATE };

static muse_status lock(muse_prompt_table *table)
{
    const int error = muse_mutex_lock(&table->mutex);

    if (error == EOWNERDEAD) {
        /* It had added nothing, or its last state is half there and like no other. */
        muse_mutex_repaired(&table->mutex);
    } else if (error) {
        errno = error;
        return MUSE_ESYSTEM;
    }
    return MUSE_OK;
}

int muse_prompts_next(const uint8_t *copy, size_t length, size_t *at, muse_prompt *prompt)
{
    uint16_t path_length;

    if (length < PATH_AT || *at > length - PATH_AT) {
        return 0;
    }
    memcpy(&path_length, copy + *at, sizeof path_length);
    if (path_length == 0 || path_length > MUSE_PROMPT_PATH_MAX ||
        path_length > length - PATH_AT - *at) {
        return 0;
    }
    prompt->path = (const char *)copy + *at + PATH_AT;
    prompt->length = path_length;
    memcpy(prompt->state, copy + *at + STATE_AT, MUSE_PROMPT_STATE);
    *at += PATH_AT + prompt->length;
    return 1;
}

/* Under the lock. Where the path's record begins; where the next one goes when it has none. */
static size_t find(const muse_prompt_table *table, size_t used, const muse_prompt *wanted)
{
    muse_prompt found;
    size_t at = 0;
    size_t next = 0;

    while (muse_prompts_next(table->bytes, used, &next, &found)) {
        if (found.length == wanted->length && !memcmp(found.path, wanted->path, found.length)) {
            return at;
        }
        at = next;
    }
    return used;
}

/* Under the lock. It counts once it is whole: a writer that dies before has added nothing. */
static muse_status append(muse_prompt_table *table, size_t used, const muse_prompt *prompt)
{
    const uint16_t length = (uint16_t)prompt->length;
    uint8_t *to = table->bytes + used;

    if (sizeof table->bytes - used < PATH_AT + prompt->length) {
        return MUSE_TOO_LARGE;
    }
    memcpy(to, &length, sizeof length);
    memcpy(to + STATE_AT, prompt->state, MUSE_PROMPT_STATE);
    memcpy(to + PATH_AT, prompt->path, prompt->length);
    atomic_store(&table->used, used + PATH_AT + prompt->length);
    return MUSE_OK;
}

static muse_status note(muse_region *region, const muse_prompt *prompt, int *replaced)
{
    muse_prompt_table *table = region->prompts;
    const uint64_t used = atomic_load(&table->used);
    size_t at;

    if (used > sizeof table->bytes) {
        return MUSE_TOO_LARGE;
    }
    at = find(table, (size_t)used, prompt);
    if (at == used) {
        return append(table, at, prompt);
    }
    if (memcmp(table->bytes + at + STATE_AT, prompt->state, MUSE_PROMPT_STATE) == 0) {
        return MUSE_OK;
    }
    *replaced = 1;
    (void)muse_epoch_raise(region);
    memcpy(table->bytes + at + STATE_AT, prompt->state, MUSE_PROMPT_STATE);
    return MUSE_OK;
}

muse_status muse_prompts_note(muse_region *region, const muse_prompt *prompt, int *replaced)
{
    muse_prompt_table *table = region->prompts;
    muse_status status = MUSE_EINVAL;

    *replaced = 0;
    if (prompt->length > 0 && prompt->length <= MUSE_PROMPT_PATH_MAX) {
        status = lock(table);
        if (status == MUSE_OK) {
            status = note(region, prompt, replaced);
            muse_mutex_unlock(&table->mutex);
        }
    }
    if (status != MUSE_OK) {
        atomic_store(&table->lost, 1);
    }
    return status;
}

/* Whether it is records to its end. */
static int is_whole(const uint8_t *copy, size_t length)
{
    muse_prompt prompt;
    size_t at = 0;

    while (muse_prompts_next(copy, length, &at, &prompt)) {}
    return at == length;
}

muse_status muse_prompts_copy(muse_region *region, uint8_t **copy, size_t *length)
{
    muse_prompt_table *table = region->prompts;
    muse_status status = lock(table);
    uint64_t used;

    *copy = NULL;
    if (status != MUSE_OK) {
        return status;
    }
    used = atomic_load(&table->used);
    if (atomic_load(&table->lost) || used > sizeof table->bytes) {
        status = MUSE_MISS;
    } else if (!(*copy = malloc((size_t)used + 1))) {
        status = MUSE_ENOMEM;
    } else {
        memcpy(*copy, table->bytes, (size_t)used);
    }
    muse_mutex_unlock(&table->mutex);
    if (status == MUSE_OK && !is_whole(*copy, (size_t)used)) {
        free(*copy);
        *copy = NULL;
        status = MUSE_MISS;
    }
    *length = (size_t)used;
    return status;
}
