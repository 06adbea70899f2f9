#include "muse_clock.h"

#include <time.h>

static uint64_t clock_in(uint64_t per_second)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * per_second + (uint64_t)now.tv_nsec / (1000000000 / per_second);
}

uint64_t muse_clock_ms(void)
{
    return clock_in(1000);
}

uint64_t muse_clock_ns(void)
{
    return clock_in(1000000000);
}
