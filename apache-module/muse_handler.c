/*
 * enabled? → which model? → cached? → within the limit? → answer from the store, or hand it to
 * an engine.
 *
 * The look-up comes before the limit's take because it costs nobody anything and shows at once
 * that the file is a page; what a client is answered is the same in either order.
 */
#include <string.h>

#include <httpd.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>
#include <apr_strings.h>

#include "muse_body.h"
#include "muse_cached.h"
#include "muse_handler.h"
#include "muse_key.h"
#include "muse_limit.h"
#include "muse_page.h"
#include "muse_process.h"
#include "muse_stale.h"
#include "muse_suspend.h"
#include "muse_tally.h"
#include "muse_wait.h"

APLOG_USE_MODULE(muse_ai);

#define BYPASS "cache-bypass=1"
#define JOB "muse-job="

/*
 * The query less the words that are for us and not for the page: cache-bypass=1, which sets *asked,
 * and muse-job=ID, whose ID goes to *job.
 */
static const char *strip_own_words(apr_pool_t *p, const char *query, int *asked, const char **job)
{
    char *rest;
    char *last = NULL;
    char *word;
    const char *out = NULL;

    *asked = 0;
    *job = NULL;
    if (!query || (!ap_strstr_c(query, BYPASS) && !ap_strstr_c(query, JOB))) {
        return query;
    }
    rest = apr_pstrdup(p, query);
    for (word = apr_strtok(rest, "&", &last); word; word = apr_strtok(NULL, "&", &last)) {
        if (!strcmp(word, BYPASS)) {
            *asked = 1;
        } else if (!strncmp(word, JOB, strlen(JOB))) {
            *job = word + strlen(JOB);
        } else {
            out = out ? apr_pstrcat(p, out, "&", word, NULL) : word;
        }
    }
    return *asked || *job ? out : query;
}

/*
 * Whether the answer may be events. Only the engine knows the page's own type, which they have to
 * be preferred to; what merely names them is rare enough to be its matter.
 */
static int names_events(const request_rec *r)
{
    const char *accept = apr_table_get(r->headers_in, "Accept");

    return accept && ap_strcasestr(accept, "text/event-stream") != NULL;
}

/* Not for parts of another page, nor for one that stands for an error. */
static int is_programs(const request_rec *r)
{
    return !r->main && r->status == HTTP_OK;
}

static int is_local(const apr_sockaddr_t *address)
{
    static const unsigned char loopback6[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
    static const unsigned char mapped[13] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127};
    const unsigned char *bytes = address->ipaddr_ptr;

    return address->ipaddr_len == 4 ? bytes[0] == 127
                                    : !memcmp(bytes, loopback6, sizeof loopback6) ||
                                          !memcmp(bytes, mapped, sizeof mapped);
}

/*
 * Whether a proxy sent it, such as one on this host: then that is who is local. mod_remoteip takes
 * the header away when it trusts it, and its address for the visitor's.
 */
static int is_forwarded(const request_rec *r)
{
    return apr_table_get(r->headers_in, "X-Forwarded-For") != NULL ||
           apr_table_get(r->headers_in, "Forwarded") != NULL ||
           apr_table_get(r->headers_in, "Via") != NULL;
}

static int may_bypass(const request_rec *r, const muse_dir_config *config)
{
    switch (muse_or(config->cache_bypass, MUSE_BYPASS_LOCAL)) {
    case MUSE_BYPASS_ON:
        return 1;
    case MUSE_BYPASS_LOCAL:
        return is_local(r->useragent_addr) && !is_forwarded(r);
    default:
        return 0;
    }
}

/* Where visitors send the prompt themselves, there is no file. */
static int is_prompted(const request_rec *r)
{
    return r->finfo.filetype == APR_NOFILE && muse_or(muse_config_dir(r)->prompt, 0);
}

static muse_request *read_request(request_rec *r, int prompted)
{
    muse_request *q = apr_pcalloc(r->pool, sizeof *q);
    int asked;

    q->r = r;
    q->config = muse_config_dir(r);
    q->region = muse_process_region();
    q->cached = muse_or(q->config->cache_enable, 1) && q->config->cache_ttl != 0;
    q->query = strip_own_words(r->pool, r->args, &asked, &q->job);
    q->bypass = asked && may_bypass(r, q->config);
    q->status = r->status;
    q->get = r->method_number == M_GET;
    q->prompted = prompted;
    q->settle = muse_stale_instead;
    q->program = is_programs(r);
    q->events = q->program && names_events(r);
    muse_choice_make(r, q->region, &q->choice);
    muse_language_choose(r, &q->language);
    muse_key_make(r, q->region, &q->choice, &q->language, q->query, &q->page_key);
    /* A deferred answer is with the engine that began it, whose number its ID begins with. */
    q->engine = q->job ? (int)(apr_atoi64(q->job) & 0xff) : q->page_key.bytes[0];
    return q;
}

/*
 * HEAD goes there too: an engine answers it from what it has, and never has a page written; and all
 * other methods, since only the engine knows whether a page takes forms.
 */
static int ask_engine(muse_request *q)
{
    muse_stream *stream = muse_stream_create(q);

    return q->whole ? muse_suspend_or_wait(q->r, stream)
                    : muse_wait_run(q->r, stream, muse_stream_step(stream));
}

/* HEAD has no stale page written anew, as it has none written. */
static int send_cached(const muse_request *q, const muse_cached *found)
{
    if (found->state == MUSE_CACHED_STALE && !q->r->header_only) {
        muse_stale_refresh(q);
    }
    return muse_cached_send(q, found, 0);
}

/*
 * Reads the request to its end, where an answer may follow that is waited for. What is not read is
 * refused, and nobody waits for it.
 */
static int read_rest(muse_request *q)
{
    int status = OK;

    if (q->get) {
        status = ap_discard_request_body(q->r);
    } else if (q->r->method_number == M_POST && muse_body_is_form(q->r)) {
        status = muse_body_read(q->r, &q->body);
    } else {
        muse_body_pass_over(q->r);
        return OK;
    }
    q->whole = 1;
    return status;
}

/* Whether a page may have to be written, which is what clients are limited in. */
static int asks_for_page(const request_rec *r)
{
    return r->method_number == M_GET || r->method_number == M_POST;
}

int muse_handler_run(request_rec *r)
{
    muse_request *q;
    muse_cached found;
    int prompted;
    int hit;
    int status;

    if (!muse_page_is_handler(r->handler)) {
        return DECLINED;
    }
    prompted = is_prompted(r);
    if (!prompted && (r->finfo.filetype != APR_REG || (r->path_info && *r->path_info))) {
        return HTTP_NOT_FOUND;
    }
    if (!prompted && !muse_or(muse_config_dir(r)->enable, 0)) {
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r,
                      "MUSE0034: %s has the handler %s but is not enabled: refused; say "
                      "MuseAiEnable On for its folder",
                      r->filename, r->handler);
        return HTTP_FORBIDDEN;
    }
    if (!muse_process_region()) {
        return HTTP_SERVICE_UNAVAILABLE; /* said when httpd started */
    }
    q = read_request(r, prompted);
    found.state = MUSE_CACHED_NONE;
    if (r->method_number == M_GET && muse_cached_may_serve(q)) {
        (void)muse_cached_find(q, 0, &found);
    }
    q->stale = found.state == MUSE_CACHED_SPARE;
    hit = found.state == MUSE_CACHED_FRESH || found.state == MUSE_CACHED_STALE;
    if (!hit && !prompted && muse_page_is_illustrator(r)) {
        return DECLINED;
    }
    if (!asks_for_page(r)) {
        ap_set_content_type(r, NULL); /* of the file, by its suffix */
        muse_body_pass_over(r);
        return ask_engine(q);
    }
    q->counted = 1;
    status = muse_limit_take(r, q->region, NULL);
    if (status != OK) {
        muse_tally_limited(r);
        muse_body_pass_over(r);
        return status;
    }
    if (hit) {
        return send_cached(q, &found);
    }
    status = read_rest(q);
    return status == OK ? ask_engine(q) : status;
}
