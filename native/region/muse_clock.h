/* The clock of the region: nobody sets it, and every process of a host has the same. */
#ifndef MUSE_CLOCK_H
#define MUSE_CLOCK_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* CLOCK_MONOTONIC, which all processes of one host share: milliseconds and nanoseconds. */
uint64_t muse_clock_ms(void);
uint64_t muse_clock_ns(void);

#ifdef __cplusplus
}
#endif

#endif
