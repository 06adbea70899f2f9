#include <httpd.h>

#include "muse_config.h"
#include "muse_engines.h"
#include "muse_patience.h"

enum {
    ENGINE_PATIENCE = 10000, /* ms to wait for an engine that does not run, does not move or */
    STALE_PATIENCE = 1000,   /* does not fit; and with a stale copy in hand */
    GIVEN_UP = 3,            /* failed starts in a row after which waiting is no use */
    GRACE = 5000,            /* ms that the engine has to say itself that time is up */
};

int muse_patience_engine(const muse_request *q, unsigned gone)
{
    const int engines = muse_config_global()->engines;
    const int first = q->engine % engines;
    const uint64_t now = muse_clock_ms();
    int ready = -1;
    int there = -1;
    int i;

    for (i = 0; i < engines; i++) {
        const int candidate = (first + i) % engines;
        muse_engine_info info;

        if (gone & 1u << candidate) {
            continue;
        }
        if (muse_engine_get(q->region, (uint32_t)candidate, &info) == MUSE_OK) {
            if (muse_engine_is_up(&info, now) || (q->job && info.state == MUSE_ENGINE_READY)) {
                return candidate;
            }
            ready = ready < 0 && info.state == MUSE_ENGINE_READY ? candidate : ready;
        }
        there = there < 0 ? candidate : there;
    }
    return ready >= 0 ? ready : there >= 0 ? there : first;
}

/* How long ago it was the later of the two. */
static uint64_t since_later(uint64_t now, uint64_t one, uint64_t other)
{
    const uint64_t later = one > other ? one : other;

    return now > later ? now - later : 0;
}

/* A provider may have been slow for long before the engine stood still: that is not its absence. */
muse_lateness muse_patience_find(const muse_request *q, const muse_waiting *w)
{
    const uint64_t now = muse_clock_ms();
    const uint64_t waited = now - w->since;
    const uint64_t patience = q->stale ? STALE_PATIENCE : ENGINE_PATIENCE;
    const uint64_t allowed =
        (uint64_t)muse_or(q->config->timeout, MUSE_DEFAULT_TIMEOUT) * 1000 + GRACE;
    muse_engine_info info = {.state = MUSE_ENGINE_NONE};

    if (waited > allowed) {
        return MUSE_OUT_OF_TIME;
    }
    if (w->answered) {
        return MUSE_IN_TIME;
    }
    if (w->refused_at && now - w->refused_at > patience) {
        return MUSE_ENGINES_STRANGE;
    }
    (void)muse_engine_get(q->region, (uint32_t)w->engine, &info);
    if (muse_engine_is_up(&info, now)) {
        return MUSE_IN_TIME;
    }
    if (since_later(now, w->since, info.beat_at) > patience ||
        (info.state == MUSE_ENGINE_DOWN && info.failures >= GIVEN_UP)) {
        return info.state == MUSE_ENGINE_READY ? MUSE_ENGINE_STUCK : MUSE_ENGINE_AWAY;
    }
    return MUSE_IN_TIME;
}
