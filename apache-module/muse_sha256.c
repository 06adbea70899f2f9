/* Names are those of FIPS 180-4, section 6.2. */
#include <string.h>

#include "muse_sha256.h"

enum { BLOCK = 64 };

/* Section 4.2.2. */
static const uint32_t K[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotate(uint32_t x, int n)
{
    return x >> n | x << (32 - n);
}

static uint32_t big_endian(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void put_big_endian(uint8_t *bytes, uint32_t value)
{
    int i;

    for (i = 3; i >= 0; i--) {
        bytes[i] = (uint8_t)value;
        value >>= 8;
    }
}

static void take_block(uint32_t H[8], const uint8_t *block)
{
    uint32_t W[64];
    uint32_t v[8]; /* a to h */
    int t;

    for (t = 0; t < 16; t++) {
        W[t] = big_endian(block + 4 * t);
    }
    for (; t < 64; t++) {
        const uint32_t x = W[t - 15];
        const uint32_t y = W[t - 2];

        W[t] = (rotate(y, 17) ^ rotate(y, 19) ^ y >> 10) + W[t - 7] +
               (rotate(x, 7) ^ rotate(x, 18) ^ x >> 3) + W[t - 16];
    }
    memcpy(v, H, sizeof v);
    for (t = 0; t < 64; t++) {
        const uint32_t e = v[4];
        const uint32_t a = v[0];
        const uint32_t T1 = v[7] + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) +
                            ((e & v[5]) ^ (~e & v[6])) + K[t] + W[t];
        const uint32_t T2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) +
                            ((a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]));

        memmove(v + 1, v, 7 * sizeof *v);
        v[4] += T1;
        v[0] = T1 + T2;
    }
    for (t = 0; t < 8; t++) {
        H[t] += v[t];
    }
}

void muse_sha256(const void *bytes, size_t length, uint8_t digest[MUSE_SHA256_BYTES])
{
    uint32_t H[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                     0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    const uint8_t *from = bytes;
    const uint64_t bits = (uint64_t)length * 8;
    uint8_t last[2 * BLOCK] = {0};
    size_t rest = length;
    size_t end;
    int i;

    for (; rest >= BLOCK; rest -= BLOCK, from += BLOCK) {
        take_block(H, from);
    }
    if (rest) {
        memcpy(last, from, rest);
    }
    last[rest] = 0x80;
    end = rest + 9 <= BLOCK ? BLOCK : 2 * BLOCK;
    put_big_endian(last + end - 8, (uint32_t)(bits >> 32));
    put_big_endian(last + end - 4, (uint32_t)bits);
    for (rest = 0; rest < end; rest += BLOCK) {
        take_block(H, last + rest);
    }
    for (i = 0; i < 8; i++) {
        put_big_endian(digest + 4 * i, H[i]);
    }
}
