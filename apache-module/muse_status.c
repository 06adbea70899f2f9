#include <stdlib.h>

#include <httpd.h>
#include <http_config.h>
#include <http_core.h>
#include <http_protocol.h>
#include <mod_status.h>

#include "muse_config.h"
#include "muse_process.h"
#include "muse_request.h"
#include "muse_status.h"
#include "muse_stream.h"
#include "muse_suspend.h"

static void write_rows(request_rec *r, const muse_snapshot *snapshot)
{
    uint32_t i;

    for (i = 0; i < MUSE_OUTCOMES; i++) {
        ap_rprintf(r, "<tr><th>%s</th><td>%" APR_UINT64_T_FMT "</td></tr>\n",
                   muse_outcome_name((muse_counter)i), (apr_uint64_t)snapshot->counts[i]);
    }
    for (i = 0; i < snapshot->engines; i++) {
        const muse_engine_view *view = &snapshot->engine[i];

        ap_rprintf(r,
                   "<tr><th>engine %u</th><td>%s, %u answers under way, %" APR_UINT64_T_FMT
                   " restarts</td></tr>\n",
                   i, view->up ? "up" : "not up", view->report.in_flight,
                   (apr_uint64_t)view->info.ends);
    }
}

static void write_problems(request_rec *r, const muse_snapshot *snapshot)
{
    uint32_t i;

    for (i = 0; i < MUSE_PROBLEMS; i++) {
        if (snapshot->problems & 1u << i) {
            ap_rprintf(r, "<p>%s.</p>\n", muse_problem_text((muse_problem)i));
        }
    }
}

/* Looks again by itself, and finds the better page when an engine is back. */
static int send_plain(request_rec *r, const muse_snapshot *snapshot)
{
    ap_set_content_type(r, "text/html; charset=utf-8");
    apr_table_setn(r->headers_out, "Cache-Control", "no-store");
    apr_table_setn(r->headers_out, "Content-Security-Policy",
                   "default-src 'none'; base-uri 'none'; frame-ancestors 'none'");
    ap_rprintf(r,
               "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<title>mod_muse_ai: %s</title>\n"
               "<meta name=\"color-scheme\" content=\"light dark\">\n"
               "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
               "<meta http-equiv=\"refresh\" content=\"5\">\n</head>\n<body>\n"
               "<h1>mod_muse_ai %s: %s</h1>\n",
               muse_health_name(snapshot->health), muse_version(),
               muse_health_name(snapshot->health));
    write_problems(r, snapshot);
    ap_rputs("<p>Pages that are in the cache are served meanwhile.</p>\n<table>\n", r);
    write_rows(r, snapshot);
    ap_rputs("</table>\n</body>\n</html>\n", r);
    return OK;
}

/* The first engine that is up; -1 when there is none. */
static int find_engine(const muse_snapshot *snapshot)
{
    uint32_t i;

    for (i = 0; i < snapshot->engines; i++) {
        if (snapshot->engine[i].up) {
            return (int)i;
        }
    }
    return -1;
}

/* A plain page in place of an engine's that failed. */
static int settle(const muse_request *q, int status)
{
    muse_snapshot *snapshot;

    if (status < 500) {
        return status;
    }
    snapshot = muse_snapshot_take(q->region, (uint32_t)muse_config_global()->engines);
    if (snapshot) {
        apr_table_unset(q->r->err_headers_out, "Retry-After");
        q->r->status = q->status;
        status = send_plain(q->r, snapshot);
        free(snapshot);
    }
    return status;
}

int muse_status_run(request_rec *r, const muse_snapshot *snapshot)
{
    const int engine = find_engine(snapshot);
    muse_request *q = apr_pcalloc(r->pool, sizeof *q);

    q->r = r;
    q->config = muse_config_dir(r);
    q->region = muse_process_region();
    q->status = r->status;
    q->admin = 1;
    q->settle = settle;
    q->engine = engine;
    return engine < 0 ? send_plain(r, snapshot) : muse_suspend_or_wait(r, muse_stream_create(q));
}

static void write_block(request_rec *r, const muse_snapshot *snapshot)
{
    ap_rprintf(r, "<hr>\n<h2>mod_muse_ai %s: %s</h2>\n", muse_version(),
               muse_health_name(snapshot->health));
    write_problems(r, snapshot);
    ap_rputs("<table border=\"0\">\n", r);
    write_rows(r, snapshot);
    ap_rputs("</table>\n", r);
}

/* For programs, in the form that mod_status has for ?auto. */
static void write_lines(request_rec *r, const muse_snapshot *snapshot)
{
    static const char *const names[] = {"Hits",     "Stale",   "Joined", "Misses",
                                        "Returned", "Limited", "Errors"};
    uint64_t in_flight = 0;
    uint32_t up = 0;
    uint32_t i;

    ap_rprintf(r, "MuseAiHealth: %s\n", muse_health_name(snapshot->health));
    for (i = 0; i < MUSE_OUTCOMES; i++) {
        ap_rprintf(r, "MuseAi%s: %" APR_UINT64_T_FMT "\n", names[i],
                   (apr_uint64_t)snapshot->counts[i]);
    }
    for (i = 0; i < snapshot->engines; i++) {
        up += (uint32_t)snapshot->engine[i].up;
        in_flight += snapshot->engine[i].report.in_flight;
    }
    ap_rprintf(r, "MuseAiEngines: %u\nMuseAiEnginesUp: %u\nMuseAiInFlight: %" APR_UINT64_T_FMT "\n",
               snapshot->engines, up, (apr_uint64_t)in_flight);
}

static int show_block(request_rec *r, int flags)
{
    muse_region *region = muse_process_region();
    muse_snapshot *snapshot =
        region ? muse_snapshot_take(region, (uint32_t)muse_config_global()->engines) : NULL;

    if (!snapshot) {
        return DECLINED;
    }
    if (flags & AP_STATUS_SHORT) {
        write_lines(r, snapshot);
    } else {
        write_block(r, snapshot);
    }
    free(snapshot);
    return OK;
}

void muse_status_register(void)
{
    APR_OPTIONAL_HOOK(ap, status_hook, show_block, NULL, NULL, APR_HOOK_MIDDLE);
}
