#include <stdlib.h>
#include <string.h>

#include <httpd.h>
#include <http_config.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>
#include <apr_strings.h>

#include "muse_admin.h"
#include "muse_config.h"
#include "muse_metrics.h"
#include "muse_process.h"
#include "muse_snapshot.h"
#include "muse_status.h"

APLOG_USE_MODULE(muse_ai);

static int wants_json(apr_pool_t *p, const char *query)
{
    char *last = NULL;
    char *word;

    for (word = query ? apr_strtok(apr_pstrdup(p, query), "&", &last) : NULL; word;
         word = apr_strtok(NULL, "&", &last)) {
        if (!strcmp(word, "format=json")) {
            return 1;
        }
    }
    return 0;
}

/* Sends text, which is used up, with r->status. */
static int send_text(request_rec *r, const char *type, muse_text *text)
{
    int status = OK;

    if (text->failed) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, r, "MUSE0070: no memory for this page");
        status = HTTP_INTERNAL_SERVER_ERROR;
    } else {
        ap_set_content_type(r, type);
        apr_table_setn(r->headers_out, "Cache-Control", "no-store");
        apr_table_setn(r->headers_out, "X-Content-Type-Options", "nosniff");
        ap_set_content_length(r, (apr_off_t)text->length);
        (void)ap_rwrite(text->bytes, (int)text->length, r);
    }
    muse_text_free(text);
    return status;
}

static int send_metrics(request_rec *r, const muse_snapshot *snapshot)
{
    muse_text text = {0};

    if (wants_json(r->pool, r->args)) {
        muse_snapshot_json(snapshot, &text);
        return send_text(r, "application/json", &text);
    }
    muse_metrics_write(snapshot, &text);
    return send_text(r, "text/plain; version=0.0.4; charset=utf-8", &text);
}

static int send_health(request_rec *r, const muse_snapshot *snapshot)
{
    muse_text text = {0};

    muse_snapshot_health_json(snapshot, &text);
    if (snapshot->health == MUSE_HEALTH_DOWN) {
        r->status = HTTP_SERVICE_UNAVAILABLE;
    }
    return send_text(r, "application/json", &text);
}

/* Without shared memory there is nothing to tell but that; httpd's log has said why. */
static int send_no_region(request_rec *r)
{
    muse_text text = {0};

    muse_text_add(&text,
                  "{\"status\":\"down\",\"problems\":[\"no shared memory; httpd's error log says "
                  "why\"],\"version\":\"%s\",\"region\":false}\n",
                  muse_version());
    r->status = HTTP_SERVICE_UNAVAILABLE;
    return send_text(r, "application/json", &text);
}

static int run(request_rec *r, int (*make)(request_rec *, const muse_snapshot *))
{
    muse_region *region = muse_process_region();
    muse_snapshot *snapshot;
    int status;

    if (r->method_number != M_GET) {
        ap_allow_standard_methods(r, REPLACE_ALLOW, M_GET, M_OPTIONS, -1);
        return r->method_number == M_OPTIONS ? DECLINED : HTTP_METHOD_NOT_ALLOWED;
    }
    status = ap_discard_request_body(r);
    if (status != OK) {
        return status;
    }
    if (!region) {
        return send_no_region(r);
    }
    snapshot = muse_snapshot_take(region, (uint32_t)muse_config_global()->engines);
    if (!snapshot) {
        muse_text none = {.failed = 1};

        return send_text(r, NULL, &none);
    }
    status = make(r, snapshot);
    free(snapshot);
    return status;
}

int muse_admin_run(request_rec *r)
{
    static const struct {
        const char *handler;
        int (*make)(request_rec *, const muse_snapshot *);
    } pages[] = {
        {"muse-ai-status", muse_status_run}, {"muse-ai-metrics", send_metrics},
        {"metrics-handler", send_metrics},   {"muse-ai-health", send_health},
        {"health-handler", send_health},
    };
    size_t i;

    for (i = 0; r->handler && i < sizeof pages / sizeof *pages; i++) {
        if (!strcmp(r->handler, pages[i].handler)) {
            return run(r, pages[i].make);
        }
    }
    return DECLINED;
}
