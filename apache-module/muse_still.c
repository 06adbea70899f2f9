#include "muse_still.h"

#include "muse_clock.h"
#include "muse_engines.h"

enum { LOOK = 1000 }; /* ms */

unsigned muse_still_seconds(muse_still *still, const muse_region *region, int engine)
{
    const uint64_t now = muse_clock_ms();
    muse_engine_info info;

    if (now - still->looked_at < LOOK ||
        muse_engine_get(region, (uint32_t)engine, &info) != MUSE_OK) {
        return still->looks;
    }
    still->looks = info.beat_at == still->beat ? still->looks + 1 : 0;
    still->beat = info.beat_at;
    still->looked_at = now;
    return still->looks;
}
