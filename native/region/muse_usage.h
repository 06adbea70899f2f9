/*
 * What each model has written, cost and saved, by its name: added up by engines and httpd's
 * children alike, without a lock. Kept for as long as the region, whatever models.json says later.
 */
#ifndef MUSE_USAGE_H
#define MUSE_USAGE_H

#include "muse_models.h"
#include "muse_region.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Names that are told apart; what all further ones use is added up under MUSE_USAGE_OTHERS. */
#define MUSE_USAGE_MAX 256
#define MUSE_USAGE_OTHERS "(others)"

/* Costs are in billionths of the currency of models.json. */
typedef enum {
    MUSE_USE_COMPLETIONS = 0, /* calls that were started */
    MUSE_USE_FAILURES,        /* calls that failed */
    MUSE_USE_INPUT,           /* tokens of prompts */
    MUSE_USE_OUTPUT,          /* tokens of answers */
    MUSE_USE_COST,            /* of these tokens */
    MUSE_USE_SAVED,           /* what it would have cost to write again what was there already */
    MUSE_USES                 /* how many there are; at most 7 */
} muse_use;

typedef struct {
    char name[MUSE_MODEL_NAME_MAX + 1]; /* NUL-terminated */
    uint64_t uses[MUSE_USES];
} muse_usage;

/* A name that is empty or too long is not counted. */
void muse_usage_add(muse_region *region, const char *name, size_t name_len, muse_use use,
                    uint64_t n);

/* The usage in place i, 0 … MUSE_USAGE_MAX-1: MUSE_OK, or MUSE_MISS where there is none. */
muse_status muse_usage_at(const muse_region *region, size_t i, muse_usage *usage);

#ifdef __cplusplus
}
#endif
#endif
