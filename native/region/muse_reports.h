/*
 * What an engine says of itself, a few times a second: so that httpd can tell it without asking,
 * and also when the engine is gone.
 */
#ifndef MUSE_REPORTS_H
#define MUSE_REPORTS_H

#include "muse_models.h"
#include "muse_region.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MUSE_ENDPOINTS_MAX 64 /* in one report */
#define MUSE_URL_MAX 255      /* bytes, without the terminating NUL */

typedef enum {
    MUSE_MODELS_UNKNOWN = 0,
    MUSE_MODELS_LOADED,
    MUSE_MODELS_INVALID, /* models.json has a mistake; what was loaded before stays in force */
    MUSE_MODELS_ABSENT,  /* it does not exist; what was loaded before stays in force */
    MUSE_MODELS_IMPLICIT /* there is to be none: pages and directives name their models */
} muse_models_state;

typedef enum {
    MUSE_ENDPOINT_UNTRIED = 0, /* no call has told anything yet */
    MUSE_ENDPOINT_UP,          /* the last call was answered */
    MUSE_ENDPOINT_FAILING,     /* the last call failed; it is asked all the same */
    MUSE_ENDPOINT_RESTING,     /* left alone for a while after failures */
    MUSE_ENDPOINT_LIMITED,     /* left alone for a while because it said so: its rate limit */
    MUSE_ENDPOINT_UNUSABLE     /* can't be asked: its address or its key is missing */
} muse_endpoint_state;

typedef struct {
    char model[MUSE_MODEL_NAME_MAX + 1]; /* NUL-terminated UTF-8, as is url */
    char url[MUSE_URL_MAX + 1];          /* "" for a model without a network */
    uint32_t state;                      /* a muse_endpoint_state */
    uint32_t active;                     /* calls under way */
    uint32_t rest_ms;                    /* for how long it is left alone */
    uint32_t pad;
} muse_endpoint;

typedef struct {
    uint32_t models;    /* a muse_models_state */
    uint32_t in_flight; /* answers that are being written */
    uint32_t count;     /* of endpoints */
    uint32_t left_out;  /* endpoints that found no room */
    muse_endpoint endpoints[MUSE_ENDPOINTS_MAX];
} muse_report;

/*
 * Replaces the report of engine `index`. One process at a time may write an engine's: the one whose
 * pid the engine's record has. MUSE_EINVAL: no such engine, a state or count out of its range.
 */
muse_status muse_report_set(muse_region *region, uint32_t index, const muse_report *report);

/*
 * The last one. MUSE_MISS when there is none, or none that could be read whole: its writer has
 * stopped in the middle of it. What is read is within its ranges, whoever wrote it.
 */
muse_status muse_report_get(const muse_region *region, uint32_t index, muse_report *report);

#ifdef __cplusplus
}
#endif
#endif
