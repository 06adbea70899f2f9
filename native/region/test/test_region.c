#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "muse_layout.h"
#include "test.h"

/* A sealed memfd with a copy of a region's bytes, to be spoiled; *bytes is its mapping. */
static int copy_of(muse_region *region, uint8_t **bytes)
{
    struct stat file;
    int fd = memfd_create("copy", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    uint8_t *from;

    CHECK(fd >= 0);
    CHECK(fstat(muse_region_fd(region), &file) == 0);
    CHECK(ftruncate(fd, file.st_size) == 0);
    CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0);
    from = mmap(NULL, (size_t)file.st_size, PROT_READ, MAP_SHARED, muse_region_fd(region), 0);
    *bytes = mmap(NULL, (size_t)file.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(from != MAP_FAILED && *bytes != MAP_FAILED);
    memcpy(*bytes, from, (size_t)file.st_size);
    munmap(from, (size_t)file.st_size);
    return fd;
}

TEST(a_region_has_the_documented_defaults)
{
    muse_region *region = test_region(0, 0, 0);
    const muse_region_config config = muse_region_get_config(region);

    CHECK_EQUAL(config.store_bytes, UINT64_C(64) << 20);
    CHECK_EQUAL(config.shards, 16);
    CHECK_EQUAL(config.clients, 65536);
    CHECK_EQUAL(muse_epoch_get(region), 1);
    CHECK(fcntl(muse_region_fd(region), F_GETFD) & FD_CLOEXEC);
    muse_region_detach(region);
}

TEST(sizes_out_of_range_are_refused)
{
    const muse_region_config wrong[] = {
        {(1 << 20) - 1, 0, 0},                /* a store too small */
        {(UINT64_C(64) << 30) + 4096, 1, 0},  /* too large */
        {0, 3, 0},                            /* shards that are no power of two */
        {0, 512, 0},                          /* too many */
        {1 << 20, 32, 0},                     /* shards below 64 KiB */
        {0, 0, 63},                           /* too few clients */
        {0, 0, (UINT32_C(1) << 28) + 1},      /* too many */
        {UINT64_MAX, UINT32_MAX, UINT32_MAX}, /* all at once */
    };
    size_t i;

    for (i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        muse_region *region = (muse_region *)wrong;

        CHECK_EQUAL(muse_region_create(&wrong[i], &region), MUSE_EINVAL);
        CHECK(region == NULL);
    }
}

TEST(the_largest_region_can_be_made_since_memory_is_taken_only_when_used)
{
    const uint64_t most = sizeof(size_t) > 4 ? UINT64_C(64) << 30 : UINT64_C(1) << 30;
    muse_region *region = test_region(most, 256, 64);

    muse_region_detach(region);
}

TEST(what_can_not_be_mapped_is_refused_and_not_cut_to_what_can)
{
    const muse_region_config config = {1 << 20, 1, UINT32_C(1) << 28};
    muse_region *region;

    if (sizeof(size_t) > 4) {
        CHECK_EQUAL(muse_region_create(&config, &region), MUSE_OK);
        muse_region_detach(region);
    } else {
        CHECK_EQUAL(muse_region_create(&config, &region), MUSE_EINVAL);
    }
}

/* What the parts take, modulo 2^32, is the file's size, as the header says. */
TEST(sizes_that_32_bits_can_not_hold_are_not_believed)
{
    const uint64_t buckets = ((UINT64_C(1) << 28) + MUSE_BUCKET_CLIENTS - 1) / MUSE_BUCKET_CLIENTS;
    const uint64_t more = (buckets * sizeof(muse_limit_bucket) + 4095) / 4096 * 4096;
    muse_region *region = test_region(1 << 20, 1, 64);
    const uint32_t wrapped = (uint32_t)(region->bytes - 4096 + more);
    const int fd = memfd_create("wrapped", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    muse_header header;
    muse_region *other;

    memcpy(&header, region->header, sizeof header);
    header.clients = UINT32_C(1) << 28;
    header.total_bytes = wrapped;
    CHECK(wrapped < INT32_MAX && ftruncate(fd, (off_t)wrapped) == 0);
    CHECK(pwrite(fd, &header, sizeof header, 0) == (ssize_t)sizeof header);
    CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0);
    CHECK_EQUAL(muse_region_attach(fd, &other), MUSE_ECORRUPT);
    close(fd);
    muse_region_detach(region);
}

TEST(a_second_handle_sees_what_the_first_one_does)
{
    muse_region *first = test_region(1 << 20, 1, 64);
    muse_region *second;

    CHECK_EQUAL(muse_region_attach(muse_region_fd(first), &second), MUSE_OK);
    CHECK(muse_region_fd(second) != muse_region_fd(first));
    CHECK_EQUAL(muse_epoch_raise(first), 2);
    CHECK_EQUAL(muse_epoch_get(second), 2);
    muse_region_detach(first);
    CHECK_EQUAL(muse_epoch_raise(second), 3);
    muse_region_detach(second);
    muse_region_detach(NULL);
}

TEST(the_file_of_a_region_can_neither_shrink_nor_grow)
{
    muse_region *region = test_region(1 << 20, 1, 64);

    CHECK(ftruncate(muse_region_fd(region), 0) != 0 && errno == EPERM);
    CHECK(ftruncate(muse_region_fd(region), 1 << 30) != 0 && errno == EPERM);
    muse_region_detach(region);
}

TEST(a_descriptor_without_a_region_is_refused)
{
    muse_region *region;
    int pipes[2];
    int empty = memfd_create("empty", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    int file = open("/dev/null", O_RDWR | O_CLOEXEC);

    CHECK(pipe(pipes) == 0);
    CHECK_EQUAL(muse_region_attach(empty, &region), MUSE_EFORMAT);
    CHECK_EQUAL(muse_region_attach(file, &region), MUSE_EFORMAT);
    CHECK_EQUAL(muse_region_attach(pipes[0], &region), MUSE_EFORMAT);
    errno = 0;
    CHECK_EQUAL(muse_region_attach(-1, &region), MUSE_ESYSTEM);
    CHECK_EQUAL(errno, EBADF);
    CHECK(region == NULL);
    close(pipes[0]);
    close(pipes[1]);
    close(empty);
    close(file);
}

TEST(a_region_that_could_still_shrink_is_refused)
{
    muse_region *region = test_region(1 << 20, 1, 64);
    muse_region *other;
    struct stat file;
    int fd = memfd_create("unsealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    uint8_t header[4096];

    CHECK(fstat(muse_region_fd(region), &file) == 0);
    CHECK(ftruncate(fd, file.st_size) == 0);
    CHECK(pread(muse_region_fd(region), header, sizeof header, 0) == (ssize_t)sizeof header);
    CHECK(pwrite(fd, header, sizeof header, 0) == (ssize_t)sizeof header);
    CHECK_EQUAL(muse_region_attach(fd, &other), MUSE_EFORMAT);
    CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0);
    CHECK_EQUAL(muse_region_attach(fd, &other), MUSE_OK);
    muse_region_detach(other);
    muse_region_detach(region);
    close(fd);
}

TEST(another_version_and_sizes_that_contradict_each_other_are_told_apart)
{
    muse_region *region = test_region(1 << 20, 1, 64);
    muse_region *other;
    uint8_t *bytes;
    int fd = copy_of(region, &bytes);
    muse_header *header = (muse_header *)(void *)bytes;

    CHECK_EQUAL(muse_region_attach(fd, &other), MUSE_OK);
    muse_region_detach(other);
    header->version++;
    CHECK_EQUAL(muse_region_attach(fd, &other), MUSE_EVERSION);
    header->version--;
    header->mutex_bytes = sizeof(pthread_mutex_t) == 40 ? 24 : 40;
    CHECK_EQUAL(muse_region_attach(fd, &other), MUSE_EVERSION);
    header->mutex_bytes = sizeof(pthread_mutex_t);
    header->clients = 1 << 20;
    CHECK_EQUAL(muse_region_attach(fd, &other), MUSE_ECORRUPT);
    header->clients = 64;
    header->store_bytes *= 2;
    CHECK_EQUAL(muse_region_attach(fd, &other), MUSE_ECORRUPT);
    header->store_bytes = 0;
    CHECK_EQUAL(muse_region_attach(fd, &other), MUSE_ECORRUPT);
    header->store_bytes = 1 << 20;
    header->total_bytes++;
    CHECK_EQUAL(muse_region_attach(fd, &other), MUSE_ECORRUPT);
    header->total_bytes--;
    header->magic ^= 1;
    CHECK_EQUAL(muse_region_attach(fd, &other), MUSE_EFORMAT);
    close(fd);
    muse_region_detach(region);
}

TEST(a_header_of_random_bytes_is_refused_or_read_but_never_believed)
{
    muse_region *region = test_region(1 << 20, 1, 64);
    uint64_t state = test_seed();
    uint8_t *bytes;
    int fd = copy_of(region, &bytes);
    int i;

    for (i = 0; i < 20000; i++) {
        uint8_t saved[sizeof(muse_header)];
        muse_region *other;
        int flips = 1 + (int)test_below(&state, 4);

        memcpy(saved, bytes, sizeof saved);
        while (flips-- > 0) {
            /* Not the magic each time, or nothing behind it would ever be looked at. */
            bytes[8 + test_below(&state, 40)] ^= (uint8_t)(1u << test_below(&state, 8));
        }
        if (muse_region_attach(fd, &other) == MUSE_OK) {
            CHECK_EQUAL(other->bytes, region->bytes);
            CHECK(other->shards + other->shard_bytes * other->config.shards <=
                  (uint8_t *)other->header + other->bytes);
            muse_region_detach(other);
        }
        memcpy(bytes, saved, sizeof saved);
    }
    close(fd);
    muse_region_detach(region);
}

TEST(every_status_has_a_text)
{
    int status;

    for (status = -1; status <= MUSE_ESYSTEM + 1; status++) {
        CHECK(*muse_status_text((muse_status)status));
    }
}

TEST(the_clocks_agree_and_go_forward)
{
    const uint64_t ms = muse_clock_ms();
    const uint64_t ns = muse_clock_ns();

    CHECK(ns / 1000000 >= ms && ns / 1000000 < ms + 10000);
    CHECK(muse_clock_ns() >= ns);
}

TESTS(CASE(a_region_has_the_documented_defaults), CASE(sizes_out_of_range_are_refused),
      CASE(the_largest_region_can_be_made_since_memory_is_taken_only_when_used),
      CASE(what_can_not_be_mapped_is_refused_and_not_cut_to_what_can),
      CASE(sizes_that_32_bits_can_not_hold_are_not_believed),
      CASE(a_second_handle_sees_what_the_first_one_does),
      CASE(the_file_of_a_region_can_neither_shrink_nor_grow),
      CASE(a_descriptor_without_a_region_is_refused),
      CASE(a_region_that_could_still_shrink_is_refused),
      CASE(another_version_and_sizes_that_contradict_each_other_are_told_apart),
      CASE(a_header_of_random_bytes_is_refused_or_read_but_never_believed),
      CASE(every_status_has_a_text), CASE(the_clocks_agree_and_go_forward))
