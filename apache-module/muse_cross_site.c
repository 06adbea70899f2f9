/*
 * A form on any page of the web can be sent here by the browser of whoever looks at that page, with
 * no question asked before: as a form, or as plain text, in which JSON can stand. The completion
 * that it causes is ours to pay for, and what is logged in here is that visitor's. Browsers say
 * where it comes from: by Sec-Fetch-Site (Fetch Metadata, section 2.3), which can't be forged by a
 * page and which they send to hosts that they trust (by TLS, or on the same machine), and by Origin
 * (RFC 6454). What has neither is no browser's.
 */
#include <string.h>

#include <httpd.h>
#include <http_config.h>
#include <http_log.h>
#include <http_protocol.h>
#include <apr_strings.h>

#include "muse_body.h"
#include "muse_config.h"
#include "muse_cross_site.h"
#include "muse_log.h"
#include "muse_origin.h"
#include "muse_page.h"
#include "muse_process.h"

APLOG_USE_MODULE(muse_ai);

/* Reading costs what following a link costs, and links are what the web is made of. */
static int is_safe(const request_rec *r)
{
    return r->method_number == M_GET || r->method_number == M_OPTIONS;
}

/* "host" and "host:80" of http are one. */
static int is_same_host(const char *a, const char *b, const char *default_port)
{
    const size_t i = strlen(a);
    const size_t j = strlen(b);
    const size_t port = strlen(default_port);

    if (i == j) {
        return !strcasecmp(a, b);
    }
    return i > j ? i - j == port && !strcmp(a + j, default_port) && !strncasecmp(a, b, j)
                 : j - i == port && !strcmp(b + i, default_port) && !strncasecmp(a, b, i);
}

/*
 * Whether the origin is the host that the browser believes to talk to. Not whether by the same
 * scheme: a proxy in front of httpd may have taken the TLS off.
 */
static int is_own(const request_rec *r, const char *origin)
{
    const char *host = apr_table_get(r->headers_in, "Host");

    if (host && !strncasecmp(origin, "https://", 8)) {
        return is_same_host(origin + 8, host, ":443");
    }
    return host && !strncasecmp(origin, "http://", 7) && is_same_host(origin + 7, host, ":80");
}

static int comes_from_elsewhere(const request_rec *r, const char *origin)
{
    const char *site = apr_table_get(r->headers_in, "Sec-Fetch-Site");

    if (site) {
        return strcmp(site, "same-origin") != 0 && strcmp(site, "same-site") != 0 &&
               strcmp(site, "none") != 0;
    }
    return origin && !is_own(r, origin);
}

static void say(request_rec *r, const char *origin)
{
    const char *from = origin ? origin : "(no origin said)";
    muse_region *region = muse_process_region();
    const int news = region && muse_log_is_news(region, "cross-site", from);

    ap_log_rerror(APLOG_MARK, news ? APLOG_WARNING : APLOG_INFO, 0, r,
                  "MUSE0100: %s to %s was made by a page of another site, %.200s: refused, since "
                  "it could spend money in a visitor's name; if that site is to do so, name its "
                  "origin in MuseAiSecurityAllowedOrigins",
                  r->method, r->uri, from);
}

int muse_cross_site_is(request_rec *r)
{
    const char *origin = apr_table_get(r->headers_in, "Origin");

    if (is_safe(r) || !comes_from_elsewhere(r, origin) ||
        (origin && muse_origin_is_allowed(r, origin))) {
        return 0;
    }
    say(r, origin);
    muse_body_pass_over(r);
    return 1;
}

int muse_cross_site_run(request_rec *r)
{
    if (!muse_page_is_handler(r->handler)) {
        return DECLINED;
    }
    return muse_cross_site_is(r) ? HTTP_FORBIDDEN : DECLINED;
}
