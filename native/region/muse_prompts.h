/*
 * What prompts and included files looked like when pages were last made from them. It outlives the
 * engines, so that one that starts anew knows whether page keys from before still hold; and it has
 * a place of its own, so that neither a purge nor a full page store takes it away.
 *
 * All of it is under one robust mutex. What was noted stays as long as the region. When something
 * can't be noted, nothing is trusted any more: a change of that file would not be missed.
 */
#ifndef MUSE_PROMPTS_H
#define MUSE_PROMPTS_H

#include "muse_region.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { MUSE_PROMPT_STATE = 20, MUSE_PROMPT_PATH_MAX = 4096 };

/* A file; the path is not terminated, and belongs to the copy that it was read from. */
typedef struct {
    const char *path;
    size_t length;
    uint8_t state[MUSE_PROMPT_STATE]; /* what tells one state of the file from another */
} muse_prompt;

/*
 * Notes a file's state in place of the one before. *replaced says whether that was another one; the
 * prompt epoch was raised then, before it went, so that a death in between costs no change.
 * MUSE_EINVAL: the path has no byte, or more than MUSE_PROMPT_PATH_MAX. MUSE_TOO_LARGE: no place is
 * left. MUSE_ESYSTEM: the mutex could not be had, errno is set. After any of them muse_prompts_copy
 * has nothing to trust.
 */
muse_status muse_prompts_note(muse_region *region, const muse_prompt *prompt, int *replaced);

/*
 * A copy of all that was noted, for muse_prompts_next; the caller frees it. MUSE_MISS: something
 * could not be noted, or it is damaged. MUSE_ESYSTEM: the mutex could not be had. MUSE_ENOMEM.
 */
muse_status muse_prompts_copy(muse_region *region, uint8_t **copy, size_t *length);

/* The file at *at of a copy, which moves on to the next; begin with 0. Whether there was one. */
int muse_prompts_next(const uint8_t *copy, size_t length, size_t *at, muse_prompt *prompt);

#ifdef __cplusplus
}
#endif
#endif
