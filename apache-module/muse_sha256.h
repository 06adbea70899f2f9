/* SHA-256 (FIPS 180-4), which APR does not have. For short texts, all of them at hand. */
#ifndef MUSE_SHA256_H
#define MUSE_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { MUSE_SHA256_BYTES = 32 };

void muse_sha256(const void *bytes, size_t length, uint8_t digest[MUSE_SHA256_BYTES]);

#endif
