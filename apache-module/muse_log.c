#include <string.h>
#include <unistd.h>

#include <httpd.h>
#include <http_log.h>
#include <apr_hash.h>
#include <apr_strings.h>

#include "muse_config.h"
#include "muse_limiter.h"
#include "muse_log.h"

APLOG_USE_MODULE(muse_ai);

void muse_log_lines_init(muse_log_lines *lines)
{
    lines->length = 0;
}

static void finish_line(muse_log_lines *lines, muse_log_sink sink, void *context)
{
    const char *text = lines->line;
    int level = APLOG_ERR;

    lines->line[lines->length] = '\0';
    if (text[0] == '<' && text[1] >= '0' && text[1] <= '7' && text[2] == '>') {
        level = text[1] - '0';
        text += 3;
    }
    if (*text) {
        sink(context, level, text);
    }
    muse_log_lines_init(lines);
}

void muse_log_lines_take(muse_log_lines *lines, const char *bytes, size_t length,
                         muse_log_sink sink, void *context)
{
    size_t i;

    for (i = 0; i < length; i++) {
        if (bytes[i] == '\n') {
            finish_line(lines, sink, context);
        } else if (lines->length < sizeof lines->line - 1) {
            lines->line[lines->length++] = bytes[i] == '\0' ? ' ' : bytes[i];
        }
    }
}

static void to_server_log(void *context, int level, const char *text)
{
    ap_log_error(APLOG_MARK, level, 0, (server_rec *)context, "%s", text);
}

int muse_log_lines_read(muse_log_lines *lines, int fd, server_rec *s)
{
    char bytes[4096];
    ssize_t n;

    while ((n = read(fd, bytes, sizeof bytes)) > 0) {
        muse_log_lines_take(lines, bytes, (size_t)n, to_server_log, s);
    }
    if (n == 0 && lines->length) {
        finish_line(lines, to_server_log, s);
    }
    return n != 0;
}

static int may_say(muse_region *region, const char *id, const muse_limit *limit)
{
    muse_limit_result result;

    return muse_limiter_take(region, id, strlen(id), muse_clock_ns(), limit, &result) == MUSE_OK &&
           result.allowed;
}

/*
 * Visitors choose some of these names. Each takes a place in the limiter's table, among clients:
 * so many places at the most, and names that share one are told of once a minute together.
 */
static unsigned place_of(const char *name)
{
    enum { PLACES = 256 };
    apr_ssize_t length = APR_HASH_KEY_STRING;

    return apr_hashfunc_default(name, &length) % PLACES;
}

int muse_log_is_news(muse_region *region, const char *kind, const char *name)
{
    static const muse_limit once = {.per_minute = 1, .burst = 1};
    static const muse_limit in_all = {.per_minute = 60, .burst = 16};
    char id[80];

    apr_snprintf(id, sizeof id, "%s: %u", kind, place_of(name));
    return may_say(region, id, &once) && may_say(region, kind, &in_all);
}
