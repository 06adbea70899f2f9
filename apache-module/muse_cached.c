#include <string.h>

#include <httpd.h>
#include <http_protocol.h>
#include <apr_buckets.h>
#include <apr_strings.h>
#include <util_filter.h>

#include "muse_cached.h"
#include "muse_conditions.h"
#include "muse_language_headers.h"
#include "muse_privacy.h"
#include "muse_tally.h"
#include "muse_trust.h"

enum { STALE_MOST = 31536000 }; /* seconds; more is nonsense */

static void *from_pool(void *pool, size_t size)
{
    return apr_palloc(pool, size);
}

/* Whether now is within so many seconds of an end that is past. */
static int is_within(uint64_t now, uint64_t end, int seconds)
{
    return now - end < (uint64_t)seconds * 1000;
}

/*
 * The page's own word, which its alias has in the 4 bytes of its head behind the page's tag, else
 * the directory's.
 */
static int stale_seconds(const muse_request *q, const muse_entry_info *alias, const uint8_t *bytes)
{
    uint32_t own;

    if (alias->head_len != MUSE_KEY_BYTES + sizeof own) {
        return muse_or(q->config->cache_stale, 0);
    }
    bytes += MUSE_KEY_BYTES;
    own = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
          (uint32_t)bytes[3] << 24;
    return own <= STALE_MOST ? (int)own : 0;
}

/*
 * An alias says how long the page may be fresh, and its content since when it is: that may have
 * been written anew for another page meanwhile.
 */
static muse_cached_state judge(const muse_request *q, uint64_t now, const muse_entry_info *alias,
                               int stale, muse_entry_info *content)
{
    const uint64_t page = alias->fresh_until - alias->stored_at;
    const int on_error = muse_or(q->config->cache_stale_on_error, MUSE_DEFAULT_STALE_ON_ERROR);

    if ((content->flags & MUSE_ENTRY_ALIAS) || alias->fresh_until < alias->stored_at ||
        content->fresh_until < content->stored_at) {
        return MUSE_CACHED_NONE;
    }
    if (page < content->fresh_until - content->stored_at) {
        content->fresh_until = content->stored_at + page;
    }
    if (now < content->fresh_until) {
        return MUSE_CACHED_FRESH;
    }
    if (is_within(now, content->fresh_until, stale)) {
        return MUSE_CACHED_STALE;
    }
    return is_within(now, content->fresh_until, on_error) ? MUSE_CACHED_SPARE : MUSE_CACHED_NONE;
}

static muse_cached_state find_content(const muse_request *q, uint64_t now,
                                      const muse_entry_info *alias, int stale, int copy,
                                      muse_cached *found)
{
    const muse_status status = muse_store_get(q->region, &found->key, now, &found->info,
                                              copy ? from_pool : NULL, q->r->pool, &found->bytes);

    return status == MUSE_OK ? judge(q, now, alias, stale, &found->info) : MUSE_CACHED_NONE;
}

int muse_cached_may_serve(const muse_request *q)
{
    return q->get && q->cached && !q->bypass && !q->events && !q->job;
}

muse_cached_state muse_cached_find(const muse_request *q, int want_spare, muse_cached *found)
{
    const uint64_t now = found->now = muse_clock_ms();
    muse_entry_info alias;
    uint8_t *bytes;
    int stale;
    int copy;

    found->state = MUSE_CACHED_NONE;
    found->bytes = NULL;
    if (muse_store_get(q->region, &q->page_key, now, &alias, from_pool, q->r->pool, &bytes) !=
            MUSE_OK ||
        !(alias.flags & MUSE_ENTRY_ALIAS) || alias.body_len != sizeof found->key.bytes) {
        return MUSE_CACHED_NONE;
    }
    memcpy(found->key.bytes, bytes + alias.head_len, sizeof found->key.bytes);
    stale = stale_seconds(q, &alias, bytes);
    copy = want_spare || now < alias.fresh_until || is_within(now, alias.fresh_until, stale);
    found->state = find_content(q, now, &alias, stale, copy, found);
    if (!copy && (found->state == MUSE_CACHED_FRESH || found->state == MUSE_CACHED_STALE)) {
        found->state = find_content(q, now, &alias, stale, 1, found);
    }
    return found->state;
}

/*
 * Sets the stored header lines "Name: value\n", and the notes among them, which begin with "=".
 * Lines without that form are passed over. Returns which scripts the page has, or NULL.
 */
static const char *set_stored_headers(request_rec *r, char *head, size_t length)
{
    const char *scripts = NULL;
    char *end = head + length;

    while (head < end) {
        char *newline = memchr(head, '\n', (size_t)(end - head));
        char *colon;

        if (!newline) {
            return scripts;
        }
        *newline = '\0';
        colon = strchr(head, ':');
        if (colon && colon > head && colon[1] == ' ') {
            *colon = '\0';
            if (*head == '=') {
                apr_table_setn(r->notes, head + 1, colon + 2);
            } else if (!strcasecmp(head, "Content-Type")) {
                ap_set_content_type(r, colon + 2);
            } else if (!strcmp(head, MUSE_SCRIPTS_HEADER)) {
                scripts = colon + 2;
            } else {
                apr_table_setn(r->headers_out, head, colon + 2);
            }
        }
        head = newline + 1;
    }
    return scripts;
}

void muse_request_vary(const muse_request *q)
{
    const char *header = q->config->model_header;
    const char *vary = !header   ? "Accept," MUSE_DEFAULT_MODEL_HEADER
                       : *header ? apr_pstrcat(q->r->pool, "Accept,", header, NULL)
                                 : "Accept";

    apr_table_mergen(q->r->headers_out, "Vary", vary);
}

/* apr_psprintf takes several times as long, which shows in a page served from memory. */
static const char *text_and_number(apr_pool_t *p, const char *text, apr_uint64_t number)
{
    const size_t length = strlen(text);
    char digits[20];
    char *out;
    size_t n = 0;
    size_t i;

    do {
        digits[n++] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    out = apr_palloc(p, length + n + 1);
    memcpy(out, text, length);
    for (i = 0; i < n; i++) {
        out[length + i] = digits[n - 1 - i];
    }
    out[length + n] = '\0';
    return out;
}

/*
 * Says how old the answer is and how long it may be kept. A stale one not at all: whoever keeps it
 * has to ask each time, and the one that stands in for a failure is not to be kept.
 */
static void set_cache_headers(const muse_request *q, const muse_cached *found, int failed)
{
    apr_table_t *headers = q->r->headers_out;
    apr_pool_t *p = q->r->pool;
    const muse_entry_info *info = &found->info;
    /*
     * max-age stays what it is while Age and ttl add up to it. To the nearest second: the engine
     * has the times from two clocks, and so sometimes a millisecond less.
     */
    const apr_uint64_t lifetime = info->fresh_until > info->stored_at
                                      ? (info->fresh_until - info->stored_at + 500) / 1000
                                      : 0;
    const apr_uint64_t age =
        found->now > info->stored_at ? (found->now - info->stored_at) / 1000 : 0;

    apr_table_setn(headers, "Age", text_and_number(p, "", age));
    if (found->state == MUSE_CACHED_FRESH) {
        apr_table_setn(headers, "Cache-Control", text_and_number(p, "max-age=", lifetime));
        apr_table_setn(headers, "Cache-Status",
                       text_and_number(p, "muse; hit; ttl=", lifetime > age ? lifetime - age : 0));
        return;
    }
    apr_table_setn(headers, "Cache-Control", failed ? "no-store" : "max-age=0");
    /* RFC 9211, section 2.4: a stale answer's ttl is below 0. */
    apr_table_setn(
        headers, "Cache-Status",
        apr_psprintf(p, "muse; %s; ttl=-%" APR_UINT64_T_FMT,
                     failed ? apr_psprintf(p, "fwd=stale; fwd-status=%d", failed) : "hit",
                     age > lifetime ? age - lifetime : 1));
}

int muse_cached_send(const muse_request *q, const muse_cached *found, int failed)
{
    request_rec *r = q->r;
    const muse_entry_info *info = &found->info;
    apr_bucket_brigade *bb;
    const char *scripts;
    int status;

    scripts = info->head_len ? set_stored_headers(r, (char *)found->bytes, info->head_len) : NULL;
    muse_trust_headers(q, scripts);
    muse_tally_cached(q, found);
    set_cache_headers(q, found, failed);
    if (q->status >= 400) {
        /* The page may be kept, but not as what is at the address that failed. */
        apr_table_setn(r->headers_out, "Cache-Control", "no-store");
    }
    muse_privacy_mark(r);
    muse_request_vary(q);
    muse_language_headers(q);
    ap_set_content_length(r, info->body_len);
    status = muse_conditions_check(r);
    if (status != OK) {
        return status;
    }
    bb = apr_brigade_create(r->pool, r->connection->bucket_alloc);
    if (!r->header_only && info->body_len) {
        APR_BRIGADE_INSERT_TAIL(
            bb, apr_bucket_pool_create((const char *)found->bytes + info->head_len, info->body_len,
                                       r->pool, r->connection->bucket_alloc));
    }
    APR_BRIGADE_INSERT_TAIL(bb, apr_bucket_eos_create(r->connection->bucket_alloc));
    /* What the filters return is the connection's trouble and is logged there. */
    (void)ap_pass_brigade(r->output_filters, bb);
    return OK;
}
