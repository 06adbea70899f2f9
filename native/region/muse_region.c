#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "muse_mutex.h"
#include "muse_shard.h"

enum { PAGE = 4096 };

static const uint64_t STORE_MIN = UINT64_C(1) << 20;
static const uint64_t STORE_MAX = UINT64_C(64) << 30;
static const uint64_t SHARD_MIN = UINT64_C(64) << 10;

enum { SHARDS_MOST = 256, CLIENTS_LEAST = 64, CLIENTS_MOST = 1 << 28 };

/* A chain head for so many bytes of a ring: chains stay short even when all entries are aliases. */
enum { BYTES_FOR_A_HEAD = 256 };

static const int SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

const char *muse_status_text(muse_status status)
{
    switch (status) {
    case MUSE_OK:
        return "done";
    case MUSE_MISS:
        return "nothing is stored under this key or name";
    case MUSE_TOO_LARGE:
        return "too large for the space there is";
    case MUSE_EINVAL:
        return "an argument is out of its range";
    case MUSE_EFORMAT:
        return "the descriptor holds no region";
    case MUSE_EVERSION:
        return "the region has the layout of another version";
    case MUSE_ECORRUPT:
        return "the sizes in the region contradict each other";
    case MUSE_ENOMEM:
        return "out of memory";
    case MUSE_ESYSTEM:
        return "a system call failed";
    }
    return "an unknown status";
}

/* Fills in defaults; MUSE_EINVAL when a size is out of range. */
static muse_status complete(muse_region_config *config)
{
    if (config->store_bytes == 0) {
        config->store_bytes = UINT64_C(64) << 20;
    }
    if (config->shards == 0) {
        config->shards = 16;
    }
    if (config->clients == 0) {
        config->clients = 65536;
    }
    if (config->store_bytes < STORE_MIN || config->store_bytes > STORE_MAX ||
        config->store_bytes > SIZE_MAX / 2 || config->shards > SHARDS_MOST ||
        (config->shards & (config->shards - 1)) != 0 ||
        config->store_bytes / config->shards < SHARD_MIN || config->clients < CLIENTS_LEAST ||
        config->clients > CLIENTS_MOST) {
        return MUSE_EINVAL;
    }
    return MUSE_OK;
}

/* Where the parts begin, and where the last one ends: beyond what 32 bits address, maybe. */
typedef struct {
    uint64_t engines;
    uint64_t reports;
    uint64_t models;
    uint64_t counters;
    uint64_t usage;
    uint64_t budgets;
    uint64_t prompts;
    uint64_t buckets;
    uint64_t shards;
    uint64_t end;
} part_offsets;

static uint64_t whole_pages(uint64_t bytes)
{
    return (bytes + PAGE - 1) / PAGE * PAGE;
}

/* The layout, from the three sizes alone: the handle's own, never what the region says of it. */
static part_offsets lay_out(muse_region *region)
{
    const muse_region_config *config = &region->config;
    part_offsets at;
    size_t overhead;

    region->bucket_count = (config->clients + MUSE_BUCKET_CLIENTS - 1) / MUSE_BUCKET_CLIENTS;
    region->shard_bytes = (size_t)(config->store_bytes / config->shards) / PAGE * PAGE;
    region->heads = 64;
    while (region->heads < region->shard_bytes / BYTES_FOR_A_HEAD) {
        region->heads *= 2;
    }
    overhead = sizeof(muse_shard) + region->heads * sizeof(uint32_t);
    region->ring_units = (uint32_t)((region->shard_bytes - overhead) / MUSE_UNIT);

    at.engines = whole_pages(sizeof(muse_header));
    at.reports = at.engines + whole_pages(sizeof(muse_engine_slot) * MUSE_ENGINES_MAX);
    at.models = at.reports + whole_pages(sizeof(muse_report_buffer) * MUSE_ENGINES_MAX);
    at.counters = at.models + whole_pages(sizeof(muse_model_table));
    at.usage = at.counters + whole_pages(sizeof(muse_counter_table));
    at.budgets = at.usage + whole_pages(sizeof(muse_usage_slot) * MUSE_USAGE_MAX);
    at.prompts = at.budgets + whole_pages(sizeof(muse_budget_table));
    at.buckets = at.prompts + whole_pages(sizeof(muse_prompt_table));
    at.shards =
        at.buckets + whole_pages((uint64_t)sizeof(muse_limit_bucket) * region->bucket_count);
    at.end = at.shards + (uint64_t)region->shard_bytes * config->shards;
    region->bytes = (size_t)at.end;
    return at;
}

/* Completes a region's sizes; MUSE_EINVAL also when they are more than can be mapped. */
static muse_status measure(muse_region *region)
{
    const muse_status status = complete(&region->config);

    if (status != MUSE_OK) {
        return status;
    }
    return lay_out(region).end <= SIZE_MAX / 2 ? MUSE_OK : MUSE_EINVAL;
}

static muse_status map(muse_region *region)
{
    const part_offsets at = lay_out(region);
    void *mapped = mmap(NULL, region->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, region->fd, 0);
    uint8_t *base = mapped;

    if (mapped == MAP_FAILED) {
        return MUSE_ESYSTEM;
    }
    region->header = mapped;
    region->engines = (muse_engine_slot *)(void *)(base + at.engines);
    region->reports = (muse_report_buffer *)(void *)(base + at.reports);
    region->models = (muse_model_table *)(void *)(base + at.models);
    region->counters = (muse_counter_table *)(void *)(base + at.counters);
    region->usage = (muse_usage_slot *)(void *)(base + at.usage);
    region->budgets = (muse_budget_table *)(void *)(base + at.budgets);
    region->prompts = (muse_prompt_table *)(void *)(base + at.prompts);
    region->buckets = (muse_limit_bucket *)(void *)(base + at.buckets);
    region->shards = base + at.shards;
    return MUSE_OK;
}

static void discard(muse_region *region)
{
    const int error = errno;

    if (region->header) {
        munmap(region->header, region->bytes);
    }
    if (region->fd >= 0) {
        close(region->fd);
    }
    free(region);
    errno = error;
}

/* Fills a new region, which is all zeros; that is what most parts begin with. */
static muse_status format(muse_region *region)
{
    muse_header *header = region->header;
    uint32_t i;
    int error;

    header->version = MUSE_LAYOUT_VERSION;
    header->header_bytes = sizeof(muse_header);
    header->mutex_bytes = sizeof(pthread_mutex_t);
    header->total_bytes = region->bytes;
    header->store_bytes = region->config.store_bytes;
    header->shards = region->config.shards;
    header->clients = region->config.clients;
    header->made_at = muse_clock_ms();
    atomic_store(&header->epoch, 1);
    if (getrandom(header->hash_key, sizeof header->hash_key, 0) !=
        (ssize_t)sizeof header->hash_key) {
        return MUSE_ESYSTEM;
    }
    error = muse_mutex_init(&region->models->writers);
    error = error ? error : muse_mutex_init(&region->budgets->writers);
    error = error ? error : muse_mutex_init(&region->prompts->mutex);
    for (i = 0; i < region->config.shards && !error; i++) {
        error = muse_shard_format(region, i);
    }
    if (error) {
        errno = error;
        return MUSE_ESYSTEM;
    }
    header->magic = MUSE_MAGIC;
    return MUSE_OK;
}

static muse_status make_file(muse_region *region)
{
    region->fd = memfd_create("muse-ai-region", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (region->fd < 0 || ftruncate(region->fd, (off_t)region->bytes) != 0 ||
        fcntl(region->fd, F_ADD_SEALS, SEALS) != 0) {
        return MUSE_ESYSTEM;
    }
    return MUSE_OK;
}

static muse_region *new_handle(void)
{
    muse_region *region = calloc(1, sizeof *region);

    if (region) {
        region->fd = -1;
    }
    return region;
}

muse_status muse_region_create(const muse_region_config *config, muse_region **out)
{
    muse_region *region = new_handle();
    muse_status status;

    *out = NULL;
    if (!region) {
        return MUSE_ENOMEM;
    }
    region->config = *config;
    status = measure(region);
    if (status == MUSE_OK) {
        status = make_file(region);
    }
    if (status == MUSE_OK) {
        status = map(region);
    }
    if (status == MUSE_OK) {
        status = format(region);
    }
    if (status != MUSE_OK) {
        discard(region);
        return status;
    }
    *out = region;
    return MUSE_OK;
}

/* Checks the file and its header, and takes the sizes from it into the handle. */
static muse_status check(muse_region *region)
{
    const int seals = fcntl(region->fd, F_GET_SEALS);
    muse_header header;
    struct stat file;

    if (fstat(region->fd, &file) != 0) {
        return MUSE_ESYSTEM;
    }
    /* Without the seals the file could shrink below a mapping, and every access be a SIGBUS. */
    if (seals < 0 || (seals & SEALS) != SEALS || file.st_size < PAGE ||
        pread(region->fd, &header, sizeof header, 0) != (ssize_t)sizeof header ||
        header.magic != MUSE_MAGIC) {
        return MUSE_EFORMAT;
    }
    if (header.version != MUSE_LAYOUT_VERSION || header.header_bytes != sizeof header ||
        header.mutex_bytes != sizeof(pthread_mutex_t)) {
        return MUSE_EVERSION;
    }
    region->config.store_bytes = header.store_bytes;
    region->config.shards = header.shards;
    region->config.clients = header.clients;
    if (header.store_bytes == 0 || header.shards == 0 || header.clients == 0 ||
        measure(region) != MUSE_OK) {
        return MUSE_ECORRUPT;
    }
    if (region->bytes != header.total_bytes || region->bytes != (uint64_t)file.st_size) {
        return MUSE_ECORRUPT;
    }
    return MUSE_OK;
}

muse_status muse_region_attach(int fd, muse_region **out)
{
    muse_region *region = new_handle();
    muse_status status;

    *out = NULL;
    if (!region) {
        return MUSE_ENOMEM;
    }
    region->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    status = region->fd < 0 ? MUSE_ESYSTEM : check(region);
    if (status == MUSE_OK) {
        status = map(region);
    }
    if (status != MUSE_OK) {
        discard(region);
        return status;
    }
    *out = region;
    return MUSE_OK;
}

void muse_region_detach(muse_region *region)
{
    if (region) {
        discard(region);
    }
}

int muse_region_fd(const muse_region *region)
{
    return region->fd;
}

muse_region_config muse_region_get_config(const muse_region *region)
{
    return region->config;
}

uint64_t muse_region_made_at(const muse_region *region)
{
    return region->header->made_at;
}

uint64_t muse_epoch_get(const muse_region *region)
{
    return atomic_load_explicit(&region->header->epoch, memory_order_acquire);
}

uint64_t muse_epoch_raise(muse_region *region)
{
    return atomic_fetch_add_explicit(&region->header->epoch, 1, memory_order_acq_rel) + 1;
}
