/*
 * All of the region but the page store, while a hostile peer writes into it: the header, which
 * attaching reads, and the tables. Whatever is read is within its ranges, and no call reaches
 * beyond the table that it is about.
 */
#include <fcntl.h>
#include <sanitizer/asan_interface.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "muse_limiter.h"
#include "muse_prompts.h"
#include "muse_shard.h"
#include "muse_snapshot.h"

enum { CALLS_MOST = 48 };

typedef enum {
    HEADER,
    ENGINES,
    REPORTS,
    MODELS,
    COUNTERS,
    USAGE,
    BUCKETS,
    BUDGETS,
    PROMPTS,
    PARTS
} part_name;

typedef struct {
    size_t from; /* in the region */
    size_t length;
    uint8_t *made; /* as it was made */
    int touched;
} part;

static muse_region *region;
static uint8_t *peer; /* the same memory at another address: nothing there is forbidden */
static part parts[PARTS];
/* What takes long is done once: a limiter waits for a while where somebody is in its way. */
static int has_taken;
static int has_snapshot;
static int has_summed;
static int has_copied;

static void add_part(part_name name, const void *from, size_t length)
{
    part *p = &parts[name];

    p->from = (size_t)((const uint8_t *)from - (const uint8_t *)(const void *)region->header);
    p->length = length;
    p->made = malloc(length);
    FUZZ_CHECK(p->made);
    memcpy(p->made, peer + p->from, length);
}

static void note(const char *path, size_t length, uint8_t state)
{
    muse_prompt prompt = {.path = path, .length = length};
    int replaced;

    memset(prompt.state, state, sizeof prompt.state);
    (void)muse_prompts_note(region, &prompt, &replaced);
}

static void fill(void)
{
    static const muse_model models[] = {{.name = "gpt", .ttl = 5}, {.name = "other"}};
    static muse_report report = {.models = MUSE_MODELS_LOADED, .count = 1};
    uint32_t i;

    FUZZ_CHECK(muse_models_publish(region, models, 2, 1) == MUSE_OK);
    strcpy(report.endpoints[0].model, "gpt");
    strcpy(report.endpoints[0].url, "http://localhost/");
    for (i = 0; i < 2; i++) {
        FUZZ_CHECK(muse_report_set(region, i, &report) == MUSE_OK);
        FUZZ_CHECK(muse_engine_set(region, i, MUSE_ENGINE_READY, 0, 1) == MUSE_OK);
    }
    muse_usage_add(region, "gpt", 3, MUSE_USE_INPUT, 7);
    note("/a.ai", 5, 1);
    note("/b", 2, 2);
}

static void make(void)
{
    const muse_region_config config = {1 << 20, 16, 64};

    FUZZ_CHECK(muse_region_create(&config, &region) == MUSE_OK);
    memset(region->header->hash_key, 7, sizeof region->header->hash_key);
    peer = mmap(NULL, region->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, muse_region_fd(region), 0);
    FUZZ_CHECK(peer != MAP_FAILED);
    fill();
    add_part(HEADER, region->header, sizeof(muse_header));
    add_part(ENGINES, region->engines, sizeof(muse_engine_slot) * MUSE_ENGINES_MAX);
    add_part(REPORTS, region->reports, sizeof(muse_report_buffer) * MUSE_ENGINES_MAX);
    /* All but its mutex, which has a cache line. */
    add_part(MODELS, &region->models->generation, sizeof(muse_model_table) - MUSE_LINE);
    add_part(COUNTERS, region->counters, sizeof(muse_counter_table));
    add_part(USAGE, region->usage, sizeof(muse_usage_slot) * MUSE_USAGE_MAX);
    add_part(BUDGETS, region->budgets->owners, sizeof(muse_budget_table) - MUSE_LINE);
    add_part(PROMPTS, &region->prompts->used, sizeof(muse_prompt_table) - MUSE_LINE);
    add_part(BUCKETS, region->buckets, sizeof(muse_limit_bucket) * region->bucket_count);
}

/* What may be touched now: one part, or ALL. */
enum { ALL = PARTS };

static unsigned allowed = ALL;

/* A part, with its mutex; what is in the header goes with some: a limiter's key, the epoch. */
static void set_allowed(unsigned name, int yes)
{
    uint8_t *base = (uint8_t *)(void *)region->header;
    uint8_t *from = name < PARTS ? base + parts[name].from : base;
    size_t length = name < PARTS ? parts[name].length : region->bytes;

    if (name == MODELS || name == BUDGETS || name == PROMPTS) {
        from -= MUSE_LINE;
        length += MUSE_LINE;
    }
    if (name == BUCKETS || name == PROMPTS) {
        set_allowed(HEADER, yes);
    }
    if (yes) {
        ASAN_UNPOISON_MEMORY_REGION(from, length);
    } else {
        ASAN_POISON_MEMORY_REGION(from, length);
    }
}

/* Said only where it changes, and of what changes: it takes long. */
static void allow(unsigned name)
{
    if (name != allowed) {
        set_allowed(allowed, 0);
        set_allowed(name, 1);
        allowed = name;
    }
}

/* Nothing but this part may be touched from now on. */
static void allow_only(part_name name)
{
    allow(name);
    parts[name].touched = 1;
}

/* Words, one behind the other or again and again, from somewhere in a part on. */
static void write_words(fuzz_input *in)
{
    part *p = &parts[fuzz_byte(in) % PARTS];
    size_t at = fuzz_number(in, 3) % (p->length / 8) * 8;
    const uint8_t how = fuzz_byte(in);
    size_t length;
    const uint8_t *bytes = fuzz_bytes(in, (size_t)(1 + how % 8) * 8, &length);
    unsigned times = how & 128 ? 1000 : 1;

    p->touched = 1;
    while (length && times-- && at + length <= p->length) {
        memcpy(peer + p->from + at, bytes, length);
        at += length;
    }
}

static void use_models(fuzz_input *in)
{
    muse_model model;
    const uint8_t what = fuzz_byte(in);

    allow_only(MODELS);
    if (what & 1 && muse_models_default(region, &model) == MUSE_OK) {
        FUZZ_CHECK(memchr(model.name, '\0', sizeof model.name));
    }
    if (what & 2 && muse_models_at(region, fuzz_number(in, 2), &model) == MUSE_OK) {
        FUZZ_CHECK(memchr(model.name, '\0', sizeof model.name));
    }
    if (what & 4 && muse_models_find(region, "gpt", 3, &model) == MUSE_OK) {
        FUZZ_CHECK(!strcmp(model.name, "gpt"));
    }
    if (what & 8) {
        const muse_model good = {.name = "good", .ttl = 5};

        FUZZ_CHECK(muse_models_publish(region, &good, 1, 0) == MUSE_OK);
        FUZZ_CHECK(muse_models_generation(region) == 0 || /* all numbers were used up */
                   (muse_models_find(region, "good", 4, &model) == MUSE_OK && model.ttl == 5));
    }
}

static void use_reports(fuzz_input *in)
{
    static muse_report report;
    const uint32_t index = fuzz_byte(in) % MUSE_ENGINES_MAX;
    uint32_t i;

    allow_only(REPORTS);
    if (muse_report_get(region, index, &report) != MUSE_OK) {
        return;
    }
    FUZZ_CHECK(report.models <= MUSE_MODELS_IMPLICIT && report.count <= MUSE_ENDPOINTS_MAX);
    for (i = 0; i < report.count; i++) {
        const muse_endpoint *endpoint = &report.endpoints[i];

        FUZZ_CHECK(endpoint->state <= MUSE_ENDPOINT_UNUSABLE &&
                   memchr(endpoint->model, '\0', sizeof endpoint->model) &&
                   memchr(endpoint->url, '\0', sizeof endpoint->url));
    }
}

static void use_engines(fuzz_input *in)
{
    const uint32_t index = fuzz_byte(in) % MUSE_ENGINES_MAX;
    muse_engine_info info;

    allow_only(ENGINES);
    FUZZ_CHECK(muse_engine_get(region, index, &info) == MUSE_OK);
    FUZZ_CHECK(info.state <= MUSE_ENGINE_DOWN);
    (void)muse_engine_is_up(&info, 1000);
    FUZZ_CHECK(muse_engine_set(region, index, MUSE_ENGINE_DOWN, 1, 1) == MUSE_OK);
    FUZZ_CHECK(muse_engine_count_end(region, index) == MUSE_OK);
}

static void use_counters(fuzz_input *in)
{
    uint64_t totals[MUSE_COUNTERS];
    muse_times times;
    muse_counter_slot slot;

    allow_only(COUNTERS);
    slot = muse_counters_claim(region);
    FUZZ_CHECK(slot < MUSE_COUNTER_SLOTS);
    muse_counters_add(region, slot, (muse_counter)(fuzz_byte(in) % MUSE_COUNTERS), 1);
    muse_histogram_add(region, slot, MUSE_TIME_TOTAL, fuzz_number(in, 4));
    if (!has_summed++) {
        muse_counters_sum(region, totals);
        muse_histogram_sum(region, MUSE_TIME_TOTAL, &times);
    }
}

static void use_usage(fuzz_input *in)
{
    muse_usage usage;
    char name[MUSE_MODEL_NAME_MAX + 2];
    const size_t length = fuzz_byte(in) % sizeof name;

    memset(name, fuzz_byte(in), sizeof name);
    allow_only(USAGE);
    muse_usage_add(region, name, length, (muse_use)(fuzz_byte(in) % MUSE_USES), 1);
    if (muse_usage_at(region, fuzz_number(in, 2), &usage) == MUSE_OK) {
        FUZZ_CHECK(memchr(usage.name, '\0', sizeof usage.name));
    }
}

static void use_budgets(fuzz_input *in)
{
    const uint32_t day = 20000 + fuzz_byte(in) % 4;
    const uint64_t limit = fuzz_number(in, 2);
    const uint64_t amount = fuzz_number(in, 2);
    muse_budget_result result;
    muse_budget budget;
    muse_status status;
    uint32_t owner;

    allow_only(BUDGETS);
    owner = muse_budget_claim(region);
    FUZZ_CHECK(owner < MUSE_BUDGET_OWNERS);
    status =
        muse_budget_reserve(region, owner, "day", MUSE_BUDGET_TOKENS, day, limit, amount, &result);
    FUZZ_CHECK(status == MUSE_OK || status == MUSE_TOO_LARGE);
    if (status == MUSE_OK) {
        FUZZ_CHECK(result.slot < MUSE_BUDGETS_MAX && result.answer <= MUSE_BUDGET_GONE);
        if (result.answer == MUSE_BUDGET_TAKEN) {
            FUZZ_CHECK(muse_budget_settle(region, owner, result.slot, result.day, amount,
                                          fuzz_number(in, 2)) == MUSE_OK);
        }
    }
    (void)muse_budget_restore(region, "other", MUSE_BUDGET_COST, day, limit, amount);
    if (muse_budget_at(region, fuzz_number(in, 2), day, &budget) == MUSE_OK) {
        FUZZ_CHECK(memchr(budget.name, '\0', sizeof budget.name));
        FUZZ_CHECK(budget.unit < MUSE_BUDGET_UNITS && budget.held <= budget.used);
    }
}

/* All that a copy holds is within its ranges. A long list takes long: one copy. */
static void use_prompts(fuzz_input *in)
{
    const uint8_t state = fuzz_byte(in);
    muse_prompt found;
    uint8_t *copy;
    size_t length;
    size_t at = 0;
    size_t sum = 0;
    const char *path = (const char *)fuzz_bytes(in, fuzz_byte(in) % 16, &length);

    allow_only(PROMPTS);
    parts[HEADER].touched = 1; /* the epoch */
    note(path, length, state);
    if (has_copied++ || muse_prompts_copy(region, &copy, &length) != MUSE_OK) {
        return;
    }
    while (muse_prompts_next(copy, length, &at, &found)) {
        FUZZ_CHECK(found.length && found.length <= MUSE_PROMPT_PATH_MAX);
        sum += sizeof(uint16_t) + sizeof found.state + found.length;
        (void)*(const volatile char *)(found.path + found.length - 1);
    }
    FUZZ_CHECK(at == length && sum == length);
    free(copy);
}

static void use_limiter(fuzz_input *in)
{
    const muse_limit limit = {1 + (uint32_t)fuzz_number(in, 2), 1 + (uint32_t)fuzz_byte(in)};
    const uint8_t client = fuzz_byte(in);
    muse_limit_result result;

    if (has_taken++) {
        return;
    }
    allow_only(BUCKETS);
    FUZZ_CHECK(muse_limiter_take(region, &client, 1, UINT64_C(5) << 32, &limit, &result) ==
               MUSE_OK);
    FUZZ_CHECK(result.remaining <= limit.burst && !result.allowed == (result.retry_after != 0));
    FUZZ_CHECK(result.reset_after <=
               UINT64_C(60000000000) / limit.per_minute * (limit.burst + UINT64_C(1)));
}

/* All that an administrator sees, and its text. */
static void take_snapshot(fuzz_input *in)
{
    const uint8_t how = fuzz_byte(in);
    muse_text text = {0};
    muse_snapshot *snapshot;
    size_t i;

    if (has_snapshot++) {
        return;
    }
    allow(ALL);
    /* All of them seldom: their reports are large. */
    snapshot = muse_snapshot_take(region, how < 240 ? how % 3u : MUSE_ENGINES_MAX);
    FUZZ_CHECK(snapshot && snapshot->usages <= MUSE_USAGE_MAX);
    muse_snapshot_json(snapshot, &text);
    muse_snapshot_health_json(snapshot, &text);
    FUZZ_CHECK(!text.failed && strlen(text.bytes) == text.length);
    for (i = 0; i < text.length; i++) {
        FUZZ_CHECK((uint8_t)text.bytes[i] >= 0x20 || text.bytes[i] == '\n');
    }
    muse_text_free(&text);
    free(snapshot);
}

static void check_attached(muse_region *other)
{
    const muse_region_config config = muse_region_get_config(other);

    FUZZ_CHECK(other->bytes == region->bytes);
    FUZZ_CHECK(config.shards && config.clients && config.store_bytes);
    /* The ends of it can be read. */
    FUZZ_CHECK(other->shards + config.shards * other->shard_bytes <=
               (uint8_t *)(void *)other->header + other->bytes);
    (void)*(volatile uint8_t *)((uint8_t *)(void *)other->header + other->bytes - 1);
    (void)muse_epoch_get(other);
    (void)muse_region_made_at(other);
    muse_region_detach(other);
}

/* The region, with whatever its header has now. */
static void attach(void)
{
    muse_region *other;
    const muse_status status = muse_region_attach(muse_region_fd(region), &other);

    if (status == MUSE_OK) {
        check_attached(other);
    } else {
        FUZZ_CHECK(!other &&
                   (status == MUSE_EFORMAT || status == MUSE_EVERSION || status == MUSE_ECORRUPT));
    }
}

/* A file that is none: of another size, without seals, or whose header says another one. */
static void attach_other(fuzz_input *in)
{
    const uint8_t how = fuzz_byte(in);
    const int fd = memfd_create("other", MFD_ALLOW_SEALING);
    const size_t size = how & 2 ? region->bytes : (size_t)(how >> 4) * 1024;
    muse_header header;
    muse_region *other;

    memcpy(&header, peer, sizeof header);
    header.total_bytes = how & 1 ? size : fuzz_number(in, 8);
    FUZZ_CHECK(fd >= 0 && ftruncate(fd, (off_t)size) == 0);
    FUZZ_CHECK(pwrite(fd, &header, sizeof header < size ? sizeof header : size, 0) >= 0);
    if (how & 4) {
        FUZZ_CHECK(!fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL));
    }
    if (muse_region_attach(fd, &other) == MUSE_OK) {
        FUZZ_CHECK(how & 4);
        check_attached(other);
    } else {
        FUZZ_CHECK(!other);
    }
    close(fd);
}

static void operate(fuzz_input *in)
{
    switch (fuzz_byte(in) % 15) {
    case 0:
    case 1:
    case 2:
    case 3:
        write_words(in);
        break;
    case 4:
        attach();
        break;
    case 5:
        attach_other(in);
        break;
    case 6:
        use_models(in);
        break;
    case 7:
        use_reports(in);
        break;
    case 8:
        use_engines(in);
        break;
    case 9:
        use_counters(in);
        break;
    case 10:
        use_usage(in);
        break;
    case 11:
        use_limiter(in);
        break;
    case 12:
        use_budgets(in);
        break;
    case 13:
        take_snapshot(in);
        break;
    default:
        use_prompts(in);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input in = fuzz_input_of(data, size);
    unsigned calls;
    unsigned i;

    if (!region) {
        make();
    }
    has_taken = has_snapshot = has_summed = has_copied = 0;
    for (calls = 0; fuzz_left(&in) && calls < CALLS_MOST; calls++) {
        operate(&in);
    }
    for (i = 0; i < PARTS; i++) {
        if (parts[i].touched) {
            memcpy(peer + parts[i].from, parts[i].made, parts[i].length);
            parts[i].touched = 0;
        }
    }
    return 0;
}
