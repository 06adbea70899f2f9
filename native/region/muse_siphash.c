#include "muse_siphash.h"

static uint64_t little_endian(const uint8_t *bytes, size_t length)
{
    uint64_t word = 0;
    size_t i;

    for (i = 0; i < length; i++) {
        word |= (uint64_t)bytes[i] << (8 * i);
    }
    return word;
}

static uint64_t rotate(uint64_t word, int bits)
{
    return word << bits | word >> (64 - bits);
}

static void rounds(uint64_t v[4], int count)
{
    while (count-- > 0) {
        v[0] += v[1];
        v[1] = rotate(v[1], 13) ^ v[0];
        v[0] = rotate(v[0], 32);
        v[2] += v[3];
        v[3] = rotate(v[3], 16) ^ v[2];
        v[0] += v[3];
        v[3] = rotate(v[3], 21) ^ v[0];
        v[2] += v[1];
        v[1] = rotate(v[1], 17) ^ v[2];
        v[2] = rotate(v[2], 32);
    }
}

static void absorb(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    rounds(v, 2);
    v[0] ^= word;
}

/* All that the two lengths of result have in common. */
static void take_in(uint64_t v[4], const uint8_t key[16], const void *data, size_t length,
                    uint64_t wide)
{
    const uint8_t *bytes = data;
    const uint64_t k0 = little_endian(key, 8);
    const uint64_t k1 = little_endian(key + 8, 8);
    size_t left = length;

    v[0] = k0 ^ UINT64_C(0x736f6d6570736575);
    v[1] = k1 ^ UINT64_C(0x646f72616e646f6d) ^ wide;
    v[2] = k0 ^ UINT64_C(0x6c7967656e657261);
    v[3] = k1 ^ UINT64_C(0x7465646279746573);
    for (; left >= 8; left -= 8, bytes += 8) {
        absorb(v, little_endian(bytes, 8));
    }
    absorb(v, little_endian(bytes, left) | (uint64_t)length << 56);
}

static uint64_t finish(uint64_t v[4])
{
    rounds(v, 4);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t muse_siphash(const uint8_t key[16], const void *bytes, size_t length)
{
    uint64_t v[4];

    take_in(v, key, bytes, length, 0);
    v[2] ^= 0xff;
    return finish(v);
}

static void put_little_endian(uint64_t word, uint8_t bytes[8])
{
    size_t i;

    for (i = 0; i < 8; i++) {
        bytes[i] = (uint8_t)(word >> (8 * i));
    }
}

void muse_siphash128(const uint8_t key[16], const void *bytes, size_t length, uint8_t hash[16])
{
    uint64_t v[4];

    take_in(v, key, bytes, length, 0xee);
    v[2] ^= 0xee;
    put_little_endian(finish(v), hash);
    v[1] ^= 0xdd;
    put_little_endian(finish(v), hash + 8);
}
