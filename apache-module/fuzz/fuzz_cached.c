/*
 * Answers from a store that a hostile peer has filled: aliases and contents of any form, with any
 * times. What goes out is a well-formed head and the body as it is stored, or nothing.
 */
#include <httpd.h>

#include "fuzz_httpd.h"
#include "muse_cached.h"

/* The first byte of an input. */
enum {
    TAGGED = 1,
    OF_ITSELF = 2,
    NO_ALIAS = 4,
    ASKED = 8, /* If-None-Match */
    HEAD = 16,
    OF_ALIAS = 32,
    FAILED = 64
};

static const muse_key page = {{1}};
static const muse_key content = {{2}};

static muse_region *region;

/* Times around now, and some that are far from it. */
static uint64_t time_of(fuzz_input *in, uint64_t now)
{
    const uint8_t how = fuzz_byte(in);
    const uint64_t distance = fuzz_number(in, how % 8 == 7 ? 8 : 3);

    return how & 64 ? now + distance : how & 32 ? distance : now - distance;
}

/* Puts an entry with times of the fuzzer's. */
static void put(fuzz_input *in, const muse_key *key, muse_entry_info info, const uint8_t *bytes)
{
    const uint64_t now = muse_clock_ms();

    info.stored_at = time_of(in, now);
    info.fresh_until = time_of(in, now);
    info.stale_until = now + 60000;
    if (info.fresh_until > info.stale_until) {
        info.stale_until = info.fresh_until;
    }
    (void)muse_store_put(region, key, &info, bytes, bytes + info.head_len);
}

/* An alias, maybe without the tag that it should begin with, or one that names itself. */
static void put_alias(fuzz_input *in, uint8_t how)
{
    uint8_t bytes[2 * MUSE_KEY_BYTES + UINT8_MAX] = {0};
    const uint32_t head = (how & TAGGED ? MUSE_KEY_BYTES : 0) + fuzz_byte(in);
    const muse_entry_info info = {.flags = how & NO_ALIAS ? 0 : MUSE_ENTRY_ALIAS,
                                  .head_len = head,
                                  .body_len = MUSE_KEY_BYTES};
    size_t length;
    const uint8_t *stale = fuzz_bytes(in, 4, &length);

    if (length) {
        memcpy(bytes + MUSE_KEY_BYTES, stale, length);
    }
    memcpy(bytes + head, how & OF_ITSELF ? &page : &content, sizeof content);
    put(in, &page, info, bytes);
}

/* Sends what is found, if anything, and looks at what goes out. */
static void send_found(fuzz_visit *visit, uint8_t how, const uint8_t *body, size_t length)
{
    muse_cached found;
    const char *sent;
    int status;

    if (muse_cached_find(&visit->q, 1, &found) == MUSE_CACHED_NONE) {
        return;
    }
    status = muse_cached_send(&visit->q, &found, how & FAILED ? HTTP_SERVICE_UNAVAILABLE : 0);
    if (status != OK) {
        FUZZ_CHECK(status == HTTP_NOT_MODIFIED || status == HTTP_PRECONDITION_FAILED);
        return;
    }
    sent = fuzz_check_head(visit);
    FUZZ_CHECK(sent && found.info.body_len == length);
    /* httpd says 500 in place of a head that it finds improper. */
    if (!strncmp(visit->sent + 9, "200", 3) && !visit->r->header_only) {
        FUZZ_CHECK((size_t)(visit->sent + visit->sent_length - sent) == length);
        FUZZ_CHECK(!length || !memcmp(sent, body, length));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const muse_region_config config = {1 << 20, 16, 64};
    fuzz_input in = fuzz_input_of(data, size);
    const uint8_t how = fuzz_byte(&in);
    muse_entry_info info = {.flags = how & OF_ALIAS ? MUSE_ENTRY_ALIAS : 0};
    const uint8_t *bytes;
    fuzz_input times;
    fuzz_visit visit;
    char *asked;
    size_t length;

    if (!region) {
        FUZZ_CHECK(muse_region_create(&config, &region) == MUSE_OK);
    }
    muse_store_clear(region);
    put_alias(&in, how);
    times = fuzz_input_of(in.at, fuzz_left(&in) < 16 ? fuzz_left(&in) : 16);
    (void)fuzz_bytes(&in, 16, &length);
    asked = fuzz_line(&in);
    info.head_len = (uint32_t)fuzz_number(&in, 2);
    bytes = fuzz_bytes(&in, size, &length);
    info.head_len = info.head_len < length ? info.head_len : (uint32_t)length;
    info.body_len = (uint32_t)length - info.head_len;
    put(&times, &content, info, bytes);

    fuzz_visit_begin(&visit);
    if (how & ASKED) {
        apr_table_set(visit.r->headers_in, "If-None-Match", asked);
    }
    visit.r->header_only = (how & HEAD) != 0;
    visit.q.region = region;
    visit.q.page_key = page;
    send_found(&visit, how, bytes + info.head_len, info.body_len);
    fuzz_visit_end(&visit);
    free(asked);
    return 0;
}
