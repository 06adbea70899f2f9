#include <sys/socket.h>

#include <httpd.h>
#include <http_config.h>
#include <http_log.h>

#include "muse_cached.h"
#include "muse_engines.h"
#include "muse_fcgi.h"
#include "muse_link.h"
#include "muse_params.h"
#include "muse_patience.h"
#include "muse_stale.h"
#include "muse_tally.h"

APLOG_USE_MODULE(muse_ai);

enum {
    CLAIM = 10, /* seconds that an engine has to begin; from then on it renews the claim */
    PAUSE = 1   /* seconds until an engine that could not be asked is asked again */
};

/*
 * The engine works for itself from here: it needs no connection to answer on, and takes this one's
 * end for nothing. 1: the whole request is on its way.
 */
static int hand_over(const muse_request *q, int engine)
{
    muse_request again = *q;
    muse_link link;
    apr_size_t length;
    const char *request;
    ssize_t sent = -1;

    again.refresh = 1;
    request =
        muse_fcgi_request(q->r, q->r->pool, muse_params_make(q->r->pool, &again), NULL, &length);
    if (request && muse_link_open(engine, 1, &link) == 0) {
        sent = send(link.fd, request, length, MSG_NOSIGNAL);
        muse_link_close(&link);
    }
    return sent >= 0 && (apr_size_t)sent == length;
}

/* One that stands still would find a heap of requests when it moves again. */
static int is_running(const muse_request *q, int engine)
{
    muse_engine_info info;

    return muse_engine_get(q->region, (uint32_t)engine, &info) == MUSE_OK &&
           muse_engine_is_up(&info, muse_clock_ms());
}

void muse_stale_refresh(const muse_request *q)
{
    const int engine = muse_patience_engine(q, 0);

    if (muse_store_claim(q->region, &q->page_key, muse_clock_ms(), CLAIM) == MUSE_OK &&
        (!is_running(q, engine) || !hand_over(q, engine))) {
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, q->r,
                      "MUSE0055: engine %d can't be asked to write this stale page anew; it is "
                      "asked again with the next visitor",
                      engine);
        (void)muse_store_hold(q->region, &q->page_key, muse_clock_ms(), PAUSE);
    }
}

/*
 * What engines and providers fail with. Other errors are the page's own: it is gone (404), may not
 * be read (403), or it or its site has a mistake (500), which is to be seen.
 */
static int is_outage(int status)
{
    return status == HTTP_BAD_GATEWAY || status == HTTP_SERVICE_UNAVAILABLE ||
           status == HTTP_GATEWAY_TIME_OUT;
}

int muse_stale_instead(const muse_request *q, int status)
{
    request_rec *r = q->r;
    muse_cached found;

    if (!is_outage(status) || !muse_cached_may_serve(q) ||
        muse_cached_find(q, 1, &found) == MUSE_CACHED_NONE) {
        if (status >= 400 && q->counted) {
            muse_tally_error(r);
        }
        return status;
    }
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                  "MUSE0056: instead of %d the visitor gets the stale copy of this page; see "
                  "MuseAiCacheStaleOnError",
                  status);
    /* What the failure's head said of itself. */
    apr_table_unset(r->err_headers_out, "Cache-Control");
    apr_table_unset(r->err_headers_out, "Retry-After");
    r->status = q->status;
    return muse_cached_send(q, &found, status);
}
