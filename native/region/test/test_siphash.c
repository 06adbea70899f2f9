#include "muse_siphash.h"

#include <string.h>

#include "test.h"

/* From the paper's appendix A and the reference implementation's vectors_sip64: key 00 … 0f, input
 * 00 01 02 … of length i. */
static const struct {
    size_t length;
    uint64_t hash;
} vectors[] = {
    {0, UINT64_C(0x726fdb47dd0e0e31)},  {1, UINT64_C(0x74f839c593dc67fd)},
    {2, UINT64_C(0x0d6c8009d9a94f5a)},  {3, UINT64_C(0x85676696d7fb7e2d)},
    {4, UINT64_C(0xcf2794e0277187b7)},  {5, UINT64_C(0x18765564cd99a68d)},
    {6, UINT64_C(0xcbc9466e58fee3ce)},  {7, UINT64_C(0xab0200f58b01d137)},
    {8, UINT64_C(0x93f5f5799a932462)},  {15, UINT64_C(0xa129ca6149be45e5)},
    {63, UINT64_C(0x958a324ceb064572)},
};

/* The input of all vectors, and with its first 16 bytes the key. */
static void count_up(uint8_t *bytes, size_t length)
{
    size_t i;

    for (i = 0; i < length; i++) {
        bytes[i] = (uint8_t)i;
    }
}

TEST(siphash_gives_the_published_values)
{
    uint8_t bytes[64];
    size_t i;

    count_up(bytes, sizeof bytes);
    for (i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        CHECK_EQUAL(muse_siphash(bytes, bytes, vectors[i].length), vectors[i].hash);
    }
}

/* From the reference implementation's vectors_sip128, for the same key and inputs. */
static const struct {
    size_t length;
    uint8_t hash[16];
} wide_vectors[] = {
    {0,
     {0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6, 0x6d, 0xf6, 0x72, 0x14, 0xc7, 0x55, 0x02,
      0x93}},
    {1,
     {0xda, 0x87, 0xc1, 0xd8, 0x6b, 0x99, 0xaf, 0x44, 0x34, 0x76, 0x59, 0x11, 0x9b, 0x22, 0xfc,
      0x45}},
    {7,
     {0xa1, 0xf1, 0xeb, 0xbe, 0xd8, 0xdb, 0xc1, 0x53, 0xc0, 0xb8, 0x4a, 0xa6, 0x1f, 0xf0, 0x82,
      0x39}},
    {8,
     {0x3b, 0x62, 0xa9, 0xba, 0x62, 0x58, 0xf5, 0x61, 0x0f, 0x83, 0xe2, 0x64, 0xf3, 0x14, 0x97,
      0xb4}},
    {15,
     {0x54, 0x93, 0xe9, 0x99, 0x33, 0xb0, 0xa8, 0x11, 0x7e, 0x08, 0xec, 0x0f, 0x97, 0xcf, 0xc3,
      0xd9}},
    {63,
     {0x51, 0x50, 0xd1, 0x77, 0x2f, 0x50, 0x83, 0x4a, 0x50, 0x3e, 0x06, 0x9a, 0x97, 0x3f, 0xbd,
      0x7c}},
};

TEST(siphash_of_128_bits_gives_the_published_values)
{
    uint8_t bytes[64];
    uint8_t hash[16];
    size_t i;

    count_up(bytes, sizeof bytes);
    for (i = 0; i < sizeof wide_vectors / sizeof *wide_vectors; i++) {
        muse_siphash128(bytes, bytes, wide_vectors[i].length, hash);
        CHECK(!memcmp(hash, wide_vectors[i].hash, sizeof hash));
    }
}

TEST(siphash_depends_on_the_key)
{
    const uint8_t one[16] = {1};
    const uint8_t two[16] = {2};

    CHECK(muse_siphash(one, "client", 6) != muse_siphash(two, "client", 6));
}

TESTS(CASE(siphash_gives_the_published_values),
      CASE(siphash_of_128_bits_gives_the_published_values), CASE(siphash_depends_on_the_key))
