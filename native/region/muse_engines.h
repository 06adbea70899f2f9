/*
 * What httpd and the engines tell each other about the engines' lives. All fields are atomic; the
 * supervisor writes state and failures, the engine itself writes its pid and its heartbeat.
 */
#ifndef MUSE_ENGINES_H
#define MUSE_ENGINES_H

#include "muse_region.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MUSE_ENGINES_MAX 16

/* Milliseconds without a heartbeat after which an engine does not move. */
#define MUSE_ENGINE_BEAT_LATE 5000

typedef enum {
    MUSE_ENGINE_NONE = 0, /* never started */
    MUSE_ENGINE_STARTING, /* was started, has not said that it is ready */
    MUSE_ENGINE_READY,
    MUSE_ENGINE_DOWN /* ended; the supervisor waits before it starts the next */
} muse_engine_state;

typedef struct {
    muse_engine_state state;
    uint32_t failures;   /* ends in a row without having been ready in between */
    uint32_t pid;        /* of the engine; 0 when there is none */
    uint64_t changed_at; /* muse_clock_ms() of the last change of state */
    uint64_t beat_at;    /* muse_clock_ms() of the last heartbeat; 0 before the first */
    uint64_t ends;       /* how often it ended though nobody had asked it to */
} muse_engine_info;

/* index 0 … MUSE_ENGINES_MAX-1, else MUSE_EINVAL. */
muse_status muse_engine_get(const muse_region *region, uint32_t index, muse_engine_info *info);
muse_status muse_engine_set(muse_region *region, uint32_t index, muse_engine_state state,
                            uint32_t failures, uint32_t pid);
muse_status muse_engine_beat(muse_region *region, uint32_t index, uint64_t now_ms);
muse_status muse_engine_count_end(muse_region *region, uint32_t index);

/* Whether it is ready and moves. */
int muse_engine_is_up(const muse_engine_info *info, uint64_t now_ms);

#ifdef __cplusplus
}
#endif
#endif
