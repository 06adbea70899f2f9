/* How long an engine has not moved, as its supervisor sees it. */
#ifndef MUSE_STILL_H
#define MUSE_STILL_H

#include "muse_region.h"

typedef struct {
    uint64_t beat;      /* the heartbeat that was seen last */
    uint64_t looked_at; /* muse_clock_ms */
    unsigned looks;     /* since that one, a second apart at the least */
} muse_still;

/*
 * To be called twice a second or so: the seconds for which no heartbeat was seen. They are counted
 * in looks, so that a machine that was stopped as a whole, and whoever looks with it, blames
 * nobody.
 */
unsigned muse_still_seconds(muse_still *still, const muse_region *region, int engine);

#endif
