#include "muse_siphash.h"
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

TEST(siphash_gives_the_published_values)
{
    uint8_t key[16];
    uint8_t input[64];
    size_t i;

    for (i = 0; i < sizeof key; i++) {
        key[i] = (uint8_t)i;
    }
    for (i = 0; i < sizeof input; i++) {
        input[i] = (uint8_t)i;
    }
    for (i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        CHECK_EQUAL(muse_siphash(key, input, vectors[i].length), vectors[i].hash);
    }
}

TEST(siphash_depends_on_the_key)
{
    const uint8_t one[16] = {1};
    const uint8_t two[16] = {2};

    CHECK(muse_siphash(one, "client", 6) != muse_siphash(two, "client", 6));
}

TESTS(CASE(siphash_gives_the_published_values), CASE(siphash_depends_on_the_key))
