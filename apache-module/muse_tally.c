#include <string.h>

#include <httpd.h>
#include <apr_strings.h>

#include "muse_key.h"
#include "muse_process.h"
#include "muse_snapshot.h"
#include "muse_tally.h"
#include "muse_usage.h"

#define NOTE_CACHE "muse-cache"
#define NOTE_MODEL "muse-model"
#define NOTE_TOKENS "muse-tokens"
#define NOTE_COST "muse-cost"
#define NOTE_TTFB "muse-ttfb"
#define NOTE_KEY "muse-key"

static void count(request_rec *r, muse_counter outcome)
{
    muse_process_count(outcome);
    apr_table_setn(r->notes, NOTE_CACHE, muse_outcome_name(outcome));
}

/* Billionths from a decimal number that is none below 0; digits past the ninth are dropped. */
static uint64_t billionths(const char *text)
{
    uint64_t value = 0;
    int places = -1;

    for (; (*text >= '0' && *text <= '9') || (*text == '.' && places < 0); text++) {
        if (*text == '.') {
            places = 0;
        } else if (places < 9) {
            value = value * 10 + (uint64_t)(*text - '0');
            places += places >= 0;
        }
    }
    for (places = places < 0 ? 0 : places; places < 9; places++) {
        value *= 10;
    }
    return value;
}

/* Adds what it would have cost to write this answer for this visitor again. */
static void add_saved(request_rec *r, muse_region *region)
{
    const char *cost = apr_table_get(r->notes, NOTE_COST);
    const char *model = cost ? apr_table_get(r->notes, NOTE_MODEL) : NULL;

    if (model && !r->header_only) {
        muse_usage_add(region, model, strlen(model), MUSE_USE_SAVED, billionths(cost));
    }
}

static void note_ttfb(request_rec *r, apr_time_t microseconds)
{
    apr_table_setn(r->notes, NOTE_TTFB, apr_itoa(r->pool, (int)(microseconds / 1000)));
}

void muse_tally_cached(const muse_request *q, const muse_cached *found)
{
    request_rec *r = q->r;

    count(r, found->state == MUSE_CACHED_FRESH ? MUSE_COUNT_HITS : MUSE_COUNT_STALE);
    apr_table_setn(r->notes, NOTE_KEY, muse_key_hex(r->pool, &found->key));
    note_ttfb(r, apr_time_now() - r->request_time);
    add_saved(r, q->region);
}

void muse_tally_limited(request_rec *r)
{
    count(r, MUSE_COUNT_LIMITED);
}

void muse_tally_error(request_rec *r)
{
    count(r, MUSE_COUNT_ERRORS);
}

apr_time_t muse_tally_begun(const muse_request *q)
{
    const apr_time_t now = apr_time_now();

    note_ttfb(q->r, now - q->r->request_time);
    return now;
}

/* What an engine's answer was, by its Cache-Status (RFC 9211); or what its client came back for. */
static muse_counter outcome_of(const muse_request *q)
{
    const char *status = apr_table_get(q->r->headers_out, "Cache-Status");

    if (q->job || !status) {
        return q->job ? MUSE_COUNT_RETURNED : MUSE_COUNT_MISSES;
    }
    return ap_strstr_c(status, "; hit")         ? MUSE_COUNT_HITS
           : ap_strstr_c(status, "; collapsed") ? MUSE_COUNT_JOINED
                                                : MUSE_COUNT_MISSES;
}

static uint64_t since(apr_time_t start, apr_time_t end)
{
    return end > start ? (uint64_t)(end - start) : 0;
}

void muse_tally_ended(const muse_request *q, apr_time_t begun_at, int whole)
{
    request_rec *r = q->r;
    /* A program's answer may tell of a failure, and be whole. */
    const int failed = !whole || (q->door && r->status >= 400);
    const muse_counter outcome = failed ? MUSE_COUNT_ERRORS : outcome_of(q);

    count(r, outcome);
    if (begun_at) {
        muse_process_time(MUSE_TIME_FIRST_BYTE, since(r->request_time, begun_at));
        muse_process_time(MUSE_TIME_TOTAL, since(r->request_time, apr_time_now()));
    }
    if (outcome == MUSE_COUNT_HITS || outcome == MUSE_COUNT_JOINED) {
        add_saved(r, q->region);
    }
}

void muse_tally_head(request_rec *r)
{
    static const char *const names[] = {NOTE_MODEL, NOTE_TOKENS, NOTE_COST, NOTE_KEY};
    size_t i;

    for (i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = apr_table_get(r->err_headers_out, names[i]);

        if (value) {
            apr_table_setn(r->notes, names[i], value);
            apr_table_unset(r->err_headers_out, names[i]);
        }
    }
}

void muse_tally_note(request_rec *r, const char *text)
{
    const char *space = strchr(text, ' ');

    if (space && !strncmp(text, "muse-", 5)) {
        apr_table_setn(r->notes, apr_pstrmemdup(r->pool, text, (apr_size_t)(space - text)),
                       apr_pstrdup(r->pool, space + 1));
    }
}
