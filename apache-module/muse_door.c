#include <string.h>

#include <httpd.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>
#include <apr_strings.h>

#include "muse_body.h"
#include "muse_config.h"
#include "muse_cross_site.h"
#include "muse_door.h"
#include "muse_keys.h"
#include "muse_limit.h"
#include "muse_process.h"
#include "muse_store.h"
#include "muse_stream.h"
#include "muse_suspend.h"
#include "muse_tally.h"

APLOG_USE_MODULE(muse_ai);

/* A status as OpenAI's clients know it. Texts need no escape in JSON. */
typedef struct {
    int status;
    const char *type;
    const char *code;
    const char *message;
} trouble;

static const trouble troubles[] = {
    {HTTP_BAD_REQUEST, "invalid_request_error", "bad_request", "The request could not be read."},
    {HTTP_UNAUTHORIZED, "invalid_request_error", "invalid_api_key",
     "A key of this server is needed: Authorization: Bearer KEY."},
    {HTTP_FORBIDDEN, "invalid_request_error", "cross_site_request",
     "A page of another site may not ask here."},
    {HTTP_METHOD_NOT_ALLOWED, "invalid_request_error", "method_not_allowed",
     "This method is not known here; see Allow."},
    {HTTP_REQUEST_TIME_OUT, "invalid_request_error", "request_timeout",
     "The request did not come in time."},
    {HTTP_REQUEST_ENTITY_TOO_LARGE, "invalid_request_error", "request_too_large",
     "The request is larger than this server takes."},
    {HTTP_TOO_MANY_REQUESTS, "rate_limit_error", "rate_limit_exceeded",
     "Too many requests; see Retry-After."},
    {HTTP_BAD_GATEWAY, "server_error", "bad_gateway", "The server has a problem."},
    {HTTP_SERVICE_UNAVAILABLE, "server_error", "service_unavailable",
     "The server can not answer at the moment. Please try again later."},
    {HTTP_GATEWAY_TIME_OUT, "server_error", "timeout", "The answer took too long."},
};

/* What a client over its limit is told whatever MuseAiRateLimitStatus says. */
static const trouble limited = {0, "rate_limit_error", "rate_limit_exceeded",
                                "Too many requests; see Retry-After."};
static const trouble other = {0, "server_error", "server_error", "The server has a problem."};

static const trouble *trouble_of(int status)
{
    size_t i;

    for (i = 0; i < sizeof troubles / sizeof *troubles; i++) {
        if (troubles[i].status == status) {
            return &troubles[i];
        }
    }
    return &other;
}

/* Answers with it. Of a failure's own headers, those in err_headers_out stay. */
static int tell(request_rec *r, int status, const trouble *what)
{
    const char *body = apr_psprintf(r->pool,
                                    "{\"error\":{\"message\":\"%s\",\"type\":\"%s\",\"param\":null,"
                                    "\"code\":\"%s\"}}",
                                    what->message, what->type, what->code);

    r->status = status;
    r->status_line = NULL;
    apr_table_setn(r->err_headers_out, "Cache-Control", "no-store");
    ap_set_content_type(r, "application/json");
    ap_set_content_length(r, (apr_off_t)strlen(body));
    if (ap_status_drops_connection(status)) {
        r->connection->keepalive = AP_CONN_CLOSE;
    }
    if (!r->header_only) {
        (void)ap_rputs(body, r);
    }
    return OK;
}

/* The same before the body was read. */
static int refuse(request_rec *r, int status, const trouble *what)
{
    muse_body_pass_over(r);
    return tell(r, status, what);
}

/* What the engine could not answer is told as JSON. */
static int settle(const muse_request *q, int status)
{
    if (status < 400) {
        return status;
    }
    if (q->counted) {
        muse_tally_error(q->r);
    }
    return tell(q->r, status, trouble_of(status));
}

static int asks_for_keys(const muse_dir_config *config)
{
    return config->client_keys && *config->client_keys;
}

/* Takes the name whose key it is, where keys are asked for. 0: nobody's, which has been told. */
static int admit(request_rec *r, const muse_dir_config *config)
{
    const char *name;

    if (!asks_for_keys(config)) {
        return 1;
    }
    name = muse_keys_find(r, config->client_keys);
    if (name) {
        r->user = (char *)(uintptr_t)name;
        r->ap_auth_type = (char *)(uintptr_t) "Bearer";
        return 1;
    }
    /* RFC 6750, section 3. */
    apr_table_setn(r->err_headers_out, "WWW-Authenticate",
                   apr_table_get(r->headers_in, "Authorization")
                       ? "Bearer realm=\"muse\", error=\"invalid_token\""
                       : "Bearer realm=\"muse\"");
    (void)refuse(r, HTTP_UNAUTHORIZED, trouble_of(HTTP_UNAUTHORIZED));
    return 0;
}

static muse_request *make_request(request_rec *r)
{
    muse_request *q = apr_pcalloc(r->pool, sizeof *q);

    q->r = r;
    q->config = muse_config_dir(r);
    q->region = muse_process_region();
    q->query = r->args;
    q->cached = muse_or(q->config->cache_enable, 1) && q->config->cache_ttl != 0;
    q->status = r->status;
    q->get = r->method_number == M_GET;
    q->whole = 1; /* soon: it is read before an engine is asked */
    q->door = 1;
    q->settle = settle;
    q->choice.fallback = q->config->model;
    return q;
}

/* Equal requests meet in one engine, as those for a page do. */
static int choose_engine(const muse_region *region, const muse_body *body)
{
    muse_key key;

    muse_store_key(region, body->bytes, body->length, &key);
    return key.bytes[0];
}

static int ask_engine(muse_request *q)
{
    request_rec *r = q->r;
    const int status = muse_body_read(r, &q->body);

    if (status != OK) {
        return status == AP_FILTER_ERROR ? status : tell(r, status, trouble_of(status));
    }
    q->engine = choose_engine(q->region, q->body);
    return muse_suspend_or_wait(r, muse_stream_create(q));
}

static int answer_options(request_rec *r)
{
    apr_table_setn(r->headers_out, "Allow", "GET, HEAD, POST, OPTIONS");
    ap_set_content_length(r, 0);
    return OK;
}

int muse_door_run(request_rec *r)
{
    muse_request *q;
    int status;

    if (!r->handler || strcmp(r->handler, MUSE_DOOR_HANDLER) != 0) {
        return DECLINED;
    }
    if (r->method_number == M_OPTIONS) {
        return answer_options(r);
    }
    if (muse_cross_site_is(r)) {
        return refuse(r, HTTP_FORBIDDEN, trouble_of(HTTP_FORBIDDEN));
    }
    if (!admit(r, muse_config_dir(r))) {
        return OK;
    }
    if (r->method_number != M_GET && r->method_number != M_POST) {
        apr_table_setn(r->err_headers_out, "Allow", "GET, HEAD, POST, OPTIONS");
        return refuse(r, HTTP_METHOD_NOT_ALLOWED, trouble_of(HTTP_METHOD_NOT_ALLOWED));
    }
    if (!muse_process_region()) {
        return refuse(r, HTTP_SERVICE_UNAVAILABLE, trouble_of(HTTP_SERVICE_UNAVAILABLE));
    }
    q = make_request(r);
    q->counted = r->method_number == M_POST; /* the lists of models are no answers */
    status = muse_limit_take(r, q->region, asks_for_keys(q->config) ? r->user : NULL);
    if (status != OK) {
        if (q->counted) {
            muse_tally_limited(r);
        }
        return refuse(r, status, &limited);
    }
    return ask_engine(q);
}
