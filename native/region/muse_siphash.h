/* SipHash-2-4 (Aumasson and Bernstein, 2012): a keyed hash that others can't aim collisions at. */
#ifndef MUSE_SIPHASH_H
#define MUSE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t muse_siphash(const uint8_t key[16], const void *bytes, size_t length);

/* Its variant of 128 bits, where results have to differ as surely as their inputs do. */
void muse_siphash128(const uint8_t key[16], const void *bytes, size_t length, uint8_t hash[16]);

#endif
