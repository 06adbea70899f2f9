#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <httpd.h>
#include <http_config.h>
#include <http_log.h>
#include <apr_strings.h>

#include "muse_answer.h"
#include "muse_body.h"
#include "muse_engines.h"
#include "muse_flow.h"
#include "muse_fcgi.h"
#include "muse_link.h"
#include "muse_log.h"
#include "muse_params.h"
#include "muse_patience.h"
#include "muse_process.h"
#include "muse_stream.h"
#include "muse_tally.h"

APLOG_USE_MODULE(muse_ai);

enum {
    CONNECTIONS_MOST = 3, /* how often the engine is asked again */
    REFUSALS_SOON = 5,    /* after so many, it is not asked again so soon */
    PIECE = 16 * 1024,    /* read and passed on at once */
    PIECES_MOST = 8,      /* for each step */
};

typedef enum { CONNECTING, SENDING, READING, FINISHED } stage;

struct muse_stream {
    const muse_request *q;
    request_rec *r;
    apr_pool_t *outgoing; /* what the request takes as bytes, until it is sent; or NULL */
    const char *request;
    apr_size_t length;
    apr_size_t sent;
    stage stage;
    int engine;
    int connections;
    int refusals;        /* by engines of another configuration */
    uint64_t refused_at; /* muse_clock_ms of the first since one has ended; 0: none was */
    unsigned gone;       /* engines whose sockets are gone: one bit each */
    muse_link link;
    muse_fcgi_reader reader;
    muse_log_lines *log; /* made when the engine has something to say */
    muse_answer answer;
    apr_time_t begun_at; /* when its first piece went to the visitor; 0: not yet */
    int broken;          /* the visitor has its beginning, but it ended before its end */
    int answered;        /* the first byte of the answer has come */
    int detached;        /* no thread waits: for the visitor neither */
    uint64_t opened;     /* muse_clock_ms */
    int result;
};

static apr_status_t close_link(void *data)
{
    muse_link_close(&((muse_stream *)data)->link);
    return APR_SUCCESS;
}

muse_stream *muse_stream_create(const muse_request *q)
{
    muse_stream *s = apr_pcalloc(q->r->pool, sizeof *s);

    s->q = q;
    s->r = q->r;
    s->link.fd = -1;
    s->opened = muse_clock_ms();
    muse_answer_init(&s->answer, q);
    apr_pool_cleanup_register(q->r->pool, s, close_link, apr_pool_cleanup_null);
    return s;
}

int muse_stream_fd(const muse_stream *s)
{
    return s->link.fd;
}

int muse_stream_result(const muse_stream *s)
{
    return s->result;
}

int muse_stream_settle(const muse_stream *s)
{
    return s->q->settle(s->q, s->result);
}

int muse_stream_patience(const muse_stream *s)
{
    return s->stage == CONNECTING ? (s->refusals < REFUSALS_SOON ? 20 : 250)
           : s->answered          ? 1000
                                  : 250;
}

void muse_stream_detach(muse_stream *s)
{
    s->detached = 1;
    s->answer.last = 1;
}

void muse_stream_forgive(muse_stream *s, uint64_t ms)
{
    s->opened += ms;
}

/* An answer that comes whole begins when it ends. */
static void note_begin(muse_stream *s)
{
    if (s->answer.begun && !s->begun_at && s->q->counted) {
        s->begun_at = muse_tally_begun(s->q);
    }
}

/* What failed with a status is not counted before it is clear whether a stale copy stands in. */
static muse_stream_want finish(muse_stream *s, int result)
{
    s->stage = FINISHED;
    s->result = result;
    note_begin(s);
    if (result < 400 && s->q->counted) {
        muse_tally_ended(s->q, s->begun_at, !s->broken);
    }
    return MUSE_STREAM_DONE;
}

static void count_abandoned(const muse_stream *s)
{
    if (s->q->counted) {
        muse_process_count(MUSE_COUNT_ABANDONED);
    }
}

void muse_stream_abandon(muse_stream *s)
{
    muse_link_close(&s->link);
    count_abandoned(s);
    s->r->connection->aborted = 1;
    (void)finish(s, OK);
}

static muse_stream_want fail(muse_stream *s, int status)
{
    muse_link_close(&s->link);
    if (status == HTTP_SERVICE_UNAVAILABLE) {
        apr_table_setn(s->r->err_headers_out, "Retry-After", "10");
    }
    return finish(s, status);
}

/* Ends a page whose beginning the visitor has. notice: nothing in it tells so yet. */
static muse_stream_want break_off(muse_stream *s, int notice)
{
    muse_link_close(&s->link);
    s->broken = 1;
    muse_answer_break_off(&s->answer, notice);
    return finish(s, OK);
}

/* The connection ended or broke before the answer did. */
static muse_stream_want lose(muse_stream *s)
{
    muse_link_close(&s->link);
    if (s->answer.begun) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, s->r,
                      "MUSE0041: engine %d ended in the middle of this page; the page ends with a "
                      "notice",
                      s->engine);
        return break_off(s, 1);
    }
    if (!s->answered && s->connections < CONNECTIONS_MOST) {
        s->stage = CONNECTING;
        s->refused_at = 0; /* it may have been taken, and a provider have been slow since */
        return MUSE_STREAM_PAUSE;
    }
    ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, s->r,
                  "MUSE0042: engine %d ended %d times while it had this request; the lines of "
                  "muse_ai before this one say why",
                  s->engine, s->connections);
    return fail(s, HTTP_SERVICE_UNAVAILABLE);
}

/*
 * A restart is under way, and the engine is of another configuration than this child. It shares its
 * socket with the right one, or will when that one has started: so the same is asked again.
 */
static muse_stream_want ask_again(muse_stream *s)
{
    muse_link_close(&s->link);
    s->connections = 0; /* it runs well */
    s->refusals++;
    s->refused_at = s->refused_at ? s->refused_at : muse_clock_ms();
    s->stage = CONNECTING;
    ap_log_rerror(APLOG_MARK, APLOG_DEBUG, 0, s->r,
                  "MUSE0094: engine %d is of another configuration and refused this request (%d "
                  "times by now); it is asked again",
                  s->engine, s->refusals);
    return MUSE_STREAM_PAUSE;
}

/* The request was taken: no engine is asked once more. */
static void note_answered(muse_stream *s)
{
    if (!s->answered && s->q->body) {
        muse_body_drop(s->q->body);
    }
    s->answered = 1;
}

/* A line of the log, or a note, which begins with "=" as no line does. */
static void take_line(void *context, int level, const char *text)
{
    if (*text == '=') {
        muse_tally_note(context, text + 1);
        return;
    }
    ap_log_rerror(APLOG_MARK, level, 0, (request_rec *)context, "%s", text);
}

static muse_stream_want end_answer(muse_stream *s)
{
    const int whole = muse_fcgi_whole(&s->reader);

    if (!s->answer.begun && !s->answer.refused) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, s->r,
                      "MUSE0043: engine %d ended its answer before its head; this is an error in "
                      "the engine",
                      s->engine);
        return fail(s, HTTP_BAD_GATEWAY);
    }
    if (!whole && s->answer.begun) {
        return break_off(s, 0);
    }
    muse_link_keep(&s->link);
    if (s->answer.refused) {
        return finish(s, s->answer.refused);
    }
    if (muse_answer_end(&s->answer) == MUSE_ANSWER_LEFT) {
        count_abandoned(s);
    }
    return finish(s, OK);
}

/* Works through bytes from the engine. READ: all used, go on. */
static muse_stream_want take_bytes(muse_stream *s, const char *bytes, const char *end)
{
    const char *data;
    apr_size_t length;
    muse_answer_status taken;

    for (;;) {
        switch (muse_fcgi_read(&s->reader, &bytes, end, &data, &length)) {
        case MUSE_FCGI_MORE:
            return MUSE_STREAM_READ;
        case MUSE_FCGI_STDOUT:
            note_answered(s);
            taken = muse_answer_take(&s->answer, data, length);
            if (taken == MUSE_ANSWER_LEFT) {
                muse_stream_abandon(s);
                return MUSE_STREAM_DONE;
            }
            if (taken == MUSE_ANSWER_TAKEN) {
                break;
            }
            /* fall through */
        case MUSE_FCGI_BROKEN:
            ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, s->r,
                          "MUSE0044: engine %d sent what is not an answer; the connection to it "
                          "is closed; this is an error in the engine",
                          s->engine);
            return s->answer.begun ? break_off(s, 1) : fail(s, HTTP_BAD_GATEWAY);
        case MUSE_FCGI_STDERR:
            note_answered(s);
            if (!s->log) {
                s->log = apr_palloc(s->r->pool, sizeof *s->log);
                muse_log_lines_init(s->log);
            }
            muse_log_lines_take(s->log, data, length, take_line, s->r);
            break;
        case MUSE_FCGI_END:
            return !s->answered && muse_fcgi_refused(&s->reader) ? ask_again(s) : end_answer(s);
        }
    }
}

static int is_clogged(const muse_stream *s)
{
    return s->detached && muse_flow_pending(s->r->connection);
}

static muse_stream_want receive(muse_stream *s)
{
    char bytes[PIECE];
    const apr_size_t room = s->detached ? muse_flow_room(s->r->connection) : sizeof bytes;
    ssize_t n = 0;
    int pieces;

    for (pieces = 0; pieces < PIECES_MOST && !is_clogged(s); pieces++) {
        muse_stream_want want;

        n = recv(s->link.fd, bytes, room, 0);
        if (n <= 0) {
            break;
        }
        want = take_bytes(s, bytes, bytes + n);
        if (want != MUSE_STREAM_READ) {
            return want;
        }
        note_begin(s);
        if (muse_answer_flush(&s->answer) == MUSE_ANSWER_LEFT) {
            muse_stream_abandon(s);
            return MUSE_STREAM_DONE;
        }
    }
    if (pieces < PIECES_MOST && !is_clogged(s) && (n == 0 || (errno != EAGAIN && errno != EINTR))) {
        return lose(s);
    }
    return is_clogged(s) ? MUSE_STREAM_DRAIN : MUSE_STREAM_READ;
}

int muse_stream_is_whole(const muse_stream *s)
{
    char bytes[PIECE];
    const ssize_t n = s->stage == READING ? recv(s->link.fd, bytes, sizeof bytes, MSG_PEEK) : 0;
    muse_fcgi_reader reader = s->reader;
    const char *at = bytes;
    const char *data;
    apr_size_t length;

    for (;;) {
        switch (muse_fcgi_read(&reader, &at, bytes + (n > 0 ? n : 0), &data, &length)) {
        case MUSE_FCGI_END:
            return 1;
        case MUSE_FCGI_MORE:
        case MUSE_FCGI_BROKEN:
            return 0;
        case MUSE_FCGI_STDOUT:
        case MUSE_FCGI_STDERR:
            break;
        }
    }
}

static muse_stream_want send_request(muse_stream *s)
{
    while (s->sent < s->length) {
        const ssize_t n = send(s->link.fd, s->request + s->sent, s->length - s->sent, MSG_NOSIGNAL);

        if (n < 0) {
            return errno == EAGAIN || errno == EINTR ? MUSE_STREAM_WRITE : lose(s);
        }
        s->sent += (apr_size_t)n;
    }
    /* Thousands may wait for long now. */
    apr_pool_destroy(s->outgoing);
    s->outgoing = NULL;
    s->stage = READING;
    return MUSE_STREAM_READ;
}

static int encode_request(muse_stream *s)
{
    if (!s->outgoing) {
        apr_pool_create(&s->outgoing, s->r->pool);
        s->request = muse_fcgi_request(s->r, s->outgoing, muse_params_make(s->outgoing, s->q),
                                       s->q->body, &s->length);
    }
    return s->request != NULL;
}

static muse_stream_want give_up_socket(muse_stream *s, int error)
{
    const char *path = muse_process_socket(s->engine);

    ap_log_rerror(APLOG_MARK, APLOG_ERR, error, s->r, "MUSE0045: can't reach engine %d at %s; %s",
                  s->engine, path ? path : "(no socket was made)",
                  error == EMFILE || error == ENFILE
                      ? "httpd may open no more files: raise its limit, see ulimit -n"
                      : "the User of this httpd must be able to enter all folders above it: see "
                        "DefaultRuntimeDir");
    return fail(s, HTTP_SERVICE_UNAVAILABLE);
}

static muse_stream_want connect_engine(muse_stream *s)
{
    int error;

    if (!encode_request(s)) {
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, s->r,
                      "MUSE0033: the path, query or a variable of MuseAiEnv is longer than 64 KB");
        return fail(s, HTTP_REQUEST_ENTITY_TOO_LARGE);
    }
    s->engine = muse_patience_engine(s->q, s->gone);
    /* Asked again: on a new connection, since the old ones probably ended together. */
    error = muse_link_open(s->engine, s->connections || s->refusals, &s->link);
    if (error == EAGAIN || error == EINTR) {
        return MUSE_STREAM_PAUSE;
    }
    /* A restart with fewer engines has taken away the sockets of those over. */
    if ((error == ENOENT || error == ECONNREFUSED) && !(s->gone & 1u << s->engine)) {
        s->gone |= 1u << s->engine;
        return connect_engine(s);
    }
    if (error) {
        return give_up_socket(s, error);
    }
    s->connections += !s->link.reused;
    s->sent = 0;
    s->stage = SENDING;
    muse_fcgi_reader_init(&s->reader);
    return send_request(s);
}

muse_stream_want muse_stream_step(muse_stream *s)
{
    switch (s->stage) {
    case CONNECTING:
        return connect_engine(s);
    case SENDING:
        return send_request(s);
    case READING:
        return receive(s);
    case FINISHED:
        break;
    }
    return MUSE_STREAM_DONE;
}

static muse_lateness find_late(const muse_stream *s)
{
    const muse_waiting waiting = {
        .engine = s->engine,
        .since = s->opened,
        .answered = s->answered,
        .refused_at = s->stage == CONNECTING ? s->refused_at : 0,
    };

    return muse_patience_find(s->q, &waiting);
}

int muse_stream_is_overdue(const muse_stream *s)
{
    return s->stage != FINISHED && find_late(s) != MUSE_IN_TIME;
}

static muse_stream_want give_up_time(muse_stream *s)
{
    ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, s->r,
                  "MUSE0046: engine %d did not end this page within MuseAiTimeout (%d seconds)",
                  s->engine, muse_or(s->q->config->timeout, MUSE_DEFAULT_TIMEOUT));
    return s->answer.begun ? break_off(s, 1) : fail(s, HTTP_GATEWAY_TIME_OUT);
}

/* Of an engine that does not run, its supervisor has told already. */
static muse_stream_want give_up_engine(muse_stream *s, int stuck)
{
    const int news =
        stuck && muse_log_is_news(s->q->region, "stuck engine", apr_itoa(s->r->pool, s->engine));

    ap_log_rerror(APLOG_MARK, news ? APLOG_ERR : APLOG_INFO, 0, s->r,
                  "MUSE0047: engine %d %s; pages that are not in the cache are answered 503",
                  s->engine,
                  stuck ? "does not answer: it is stopped or overloaded"
                        : "does not run; an earlier line of muse_ai says why");
    return fail(s, HTTP_SERVICE_UNAVAILABLE);
}

static muse_stream_want give_up_strangers(muse_stream *s)
{
    ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, s->r,
                  "MUSE0093: no engine has the configuration that this request came under (%d "
                  "refusals): httpd was restarted meanwhile, and the engines that fit have ended "
                  "or do not start; answered 503, the next request may do",
                  s->refusals);
    return fail(s, HTTP_SERVICE_UNAVAILABLE);
}

muse_stream_want muse_stream_check(muse_stream *s)
{
    if (s->stage == FINISHED) {
        return MUSE_STREAM_DONE;
    }
    switch (find_late(s)) {
    case MUSE_OUT_OF_TIME:
        return give_up_time(s);
    case MUSE_ENGINE_STUCK:
        return give_up_engine(s, 1);
    case MUSE_ENGINE_AWAY:
        return give_up_engine(s, 0);
    case MUSE_ENGINES_STRANGE:
        return give_up_strangers(s);
    case MUSE_IN_TIME:
        break;
    }
    if (s->stage == CONNECTING) {
        return muse_stream_step(s);
    }
    return s->stage == SENDING ? MUSE_STREAM_WRITE : MUSE_STREAM_READ;
}
