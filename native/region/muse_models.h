/*
 * The model table: what httpd must know of models.json. The engine writes the idle one of two
 * buffers, then swaps the generation number; readers take no lock and never see half a table.
 */
#ifndef MUSE_MODELS_H
#define MUSE_MODELS_H

#include <stdbool.h>

#include "muse_region.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MUSE_MODELS_MAX 256
#define MUSE_MODEL_NAME_MAX 127 /* bytes, without the terminating NUL */
#define MUSE_DIGEST_BYTES 20

typedef struct {
    char name[MUSE_MODEL_NAME_MAX + 1]; /* NUL-terminated UTF-8 */
    uint8_t digest[MUSE_DIGEST_BYTES];  /* SHA-1 over the settings that shape an answer */
    uint32_t flags;                     /* for later use; 0 */
    uint32_t ttl;                       /* seconds; UINT32_MAX: not said */
} muse_model;

/*
 * Replaces the table. default_index names the default model (ignored when count is 0). Writers
 * exclude each other by a robust mutex; a table equal to the one in force changes nothing.
 * MUSE_TOO_LARGE: count > MUSE_MODELS_MAX. MUSE_EINVAL: an empty or unterminated name, a name
 * twice, or default_index >= count. MUSE_ESYSTEM: the mutex could not be had.
 */
muse_status muse_models_publish(muse_region *region, const muse_model *models, size_t count,
                                size_t default_index);

/* The model of that name: MUSE_OK, or MUSE_MISS. */
muse_status muse_models_find(const muse_region *region, const char *name, size_t name_len,
                             muse_model *model);

/* The default model: MUSE_OK, or MUSE_MISS while the table is empty. */
muse_status muse_models_default(const muse_region *region, muse_model *model);

/* The i-th model in the order published: MUSE_OK, or MUSE_MISS past the last. */
muse_status muse_models_at(const muse_region *region, size_t i, muse_model *model);

/* 0 before the first publish; then it grows with every table that differs from the last. */
uint64_t muse_models_generation(const muse_region *region);

#ifdef __cplusplus
}
#endif
#endif
