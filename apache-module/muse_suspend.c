/*
 *   STREAMING ──▶ SENDING ──▶ LINGERING ──▶ gone
 *
 * Streaming ends with the answer, or when the visitor leaves. Then the last bytes are sent, the
 * request is logged and cleaned up, and our side of the connection is closed; the visitor's side
 * is awaited, since closing a socket with unread bytes (a pipelined request) would take the end of
 * the page from the visitor. The connection's pool goes last: the MPM counts it out with that.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <httpd.h>
#include <http_config.h>
#include <http_connection.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>
#include <ap_mpm.h>
#include <mpm_common.h>
#include <scoreboard.h>
#include <apr_allocator.h>
#include <apr_portable.h>
#include <util_filter.h>

#include "muse_flow.h"
#include "muse_region.h"
#include "muse_suspend.h"
#include "muse_wait.h"
#include "muse_watch.h"

APLOG_USE_MODULE(muse_ai);

enum {
    LINGER = 2000,   /* ms that the visitor has for closing its side */
    READS_MOST = 64, /* of what it still sends, before others get the thread */
    TICK = 1000,
};

typedef enum { STREAMING, SENDING, LINGERING } phase;

/* In c->pool. Its owner is the watch's. */
typedef struct {
    muse_watch watch; /* the first, so that a pointer to it is one to this */
    conn_rec *c;
    request_rec *r; /* until it is logged */
    muse_stream *stream;
    ap_sb_handle_t *sbh;
    apr_socket_t *socket;
    int fd;
    int let_go; /* by the MPM */
    phase phase;
    muse_stream_want want; /* while STREAMING */
    uint64_t since;        /* of the visitor's socket being full, or of lingering */
    uint64_t timeout;      /* ms for a full socket */
} suspended;

static apr_status_t forget_connection(void *data)
{
    muse_watch_drop(&((suspended *)data)->watch);
    return APR_SUCCESS;
}

/*
 * A child that stops may have stopped to call back: its listener ends when it counts no connection,
 * and one that it has just accepted is counted later. One that was counted before the child began
 * to stop keeps the listener, so it is enough to ask here.
 */
static int mpm_calls_back(void)
{
    int state = AP_MPMQ_STOPPING;

    return ap_mpm_query(AP_MPMQ_MPM_STATE, &state) == APR_SUCCESS && state != AP_MPMQ_STOPPING;
}

static int can_suspend(const request_rec *r)
{
    const conn_rec *c = r->connection;

    /*
     * A subrequest's parent goes on when its handler returns, and so does what redirected a
     * request internally. HTTP/2 closes a stream then, on connections that clog.
     */
    return muse_watch_runs() && c->cs && !c->master && !c->clogging_input_filters && !c->aborted &&
           !r->main && !r->prev && mpm_calls_back();
}

/*
 * The core keeps the 8 KB into which it read the request until it is asked for more; and it is
 * not, before the page has been written.
 */
static void drop_read_buffer(request_rec *r)
{
    conn_rec *c = r->connection;
    apr_bucket_brigade *bb = apr_brigade_create(r->pool, c->bucket_alloc);

    (void)ap_get_brigade(c->input_filters, bb, AP_MODE_SPECULATIVE, APR_NONBLOCK_READ, 1);
    apr_brigade_destroy(bb);
}

/*
 * While a page is written its request and connection keep what they use, and give the rest back:
 * httpd would keep all that they ever used for the connection's next request.
 */
static void give_memory_back(conn_rec *c)
{
    enum { FREE_MOST = 4 };
    apr_allocator_t *allocator = apr_pool_allocator_get(c->pool);
    apr_memnode_t *nodes[FREE_MOST];
    int i;

    apr_allocator_max_free_set(allocator, 1);
    for (i = 0; i < FREE_MOST; i++) {
        nodes[i] = apr_allocator_alloc(allocator, 1);
    }
    while (i-- > 0) {
        if (nodes[i]) {
            apr_allocator_free(allocator, nodes[i]);
        }
    }
}

int muse_suspend_begin(request_rec *r, muse_stream *stream, muse_stream_want want)
{
    conn_rec *c = r->connection;
    suspended *s;

    if (!can_suspend(r)) {
        return DECLINED;
    }
    s = apr_pcalloc(c->pool, sizeof *s);
    s->c = c;
    s->r = r;
    s->stream = stream;
    s->sbh = c->sbh;
    s->want = want;
    s->timeout = (uint64_t)apr_time_as_msec(r->server->timeout);
    s->socket = ap_get_conn_socket(c);
    if (!s->socket || apr_os_sock_get(&s->fd, s->socket) != APR_SUCCESS) {
        return DECLINED;
    }
    muse_watch_add(&s->watch);
    apr_pool_cleanup_register(c->pool, s, forget_connection, apr_pool_cleanup_null);
    ap_set_module_config(c->conn_config, &muse_ai_module, s);
    muse_flow_add(r);
    muse_stream_detach(stream);
    drop_read_buffer(r);
    give_memory_back(c);
    return SUSPENDED;
}

int muse_suspend_or_wait(request_rec *r, muse_stream *stream)
{
    const muse_stream_want want = muse_wait_moment(r, stream, muse_stream_step(stream));

    return want != MUSE_STREAM_DONE && muse_suspend_begin(r, stream, want) == SUSPENDED
               ? SUSPENDED
               : muse_wait_run(r, stream, want);
}

static void arm(suspended *s)
{
    muse_watch_for what = {.engine_fd = -1, .visitor_fd = s->fd, .patience = TICK};

    if (s->phase == LINGERING) {
        what.visitor_events = EPOLLIN;
    } else if (s->phase == SENDING || s->want == MUSE_STREAM_DRAIN) {
        what.visitor_events = EPOLLOUT;
    } else {
        what.patience = muse_stream_patience(s->stream);
        if (s->want != MUSE_STREAM_PAUSE) {
            what.engine_fd = muse_stream_fd(s->stream);
            what.engine_events = s->want == MUSE_STREAM_WRITE ? EPOLLOUT : EPOLLIN;
        }
    }
    muse_watch_arm(&s->watch, &what);
}

/* The MPM lets go of the connection. Until this hook the thread that ran the handler uses it. */
static void on_suspend(conn_rec *c, request_rec *r)
{
    suspended *s = ap_get_module_config(c->conn_config, &muse_ai_module);

    (void)r;
    if (s && c->cs->state == CONN_STATE_SUSPENDED) {
        arm(s);
    }
}

/*
 * After the hook that thread still writes c->sbh, and a field of its own in c->pool right behind
 * it. No page is that quick, but a thread can be kept from running for as long as you like.
 */
static int mpm_has_let_go(suspended *s)
{
    if (!s->let_go && !__atomic_load_n(&s->c->sbh, __ATOMIC_ACQUIRE)) {
        s->let_go = 1;
    }
    return s->let_go;
}

/* This thread's place in the scoreboard, for what httpd counts and shows; -1 when it has none. */
static int find_thread(int child)
{
    static __thread int found = -1;
    int threads = 0;
    int i;

    if (found < 0) {
        (void)ap_mpm_query(AP_MPMQ_MAX_THREADS, &threads);
        for (i = 0; i < threads && found < 0; i++) {
            const worker_score *score = ap_get_scoreboard_worker_from_indexes(child, i);

            if (score && pthread_equal(score->tid, pthread_self())) {
                found = i;
            }
        }
    }
    return found;
}

/* The connection belongs to this thread, as after the MPM's own resuming. */
static void attach_thread(suspended *s)
{
    conn_rec *c = s->c;
    int limit = 1;
    int child;
    int thread;

    (void)ap_mpm_query(AP_MPMQ_HARD_LIMIT_THREADS, &limit);
    child = (int)(c->id / limit); /* as the MPM numbers connections */
    thread = find_thread(child);
    if (thread >= 0) {
        ap_update_sb_handle(s->sbh, child, thread);
        c->sbh = s->sbh;
    }
#if AP_HAS_THREAD_LOCAL
    c->current_thread = ap_thread_current();
#endif
}

static void wait_on(suspended *s)
{
    s->c->sbh = NULL;
    s->c->current_thread = NULL;
    arm(s);
}

static void close_connection(suspended *s)
{
    conn_rec *c = s->c;

    c->sbh = NULL;
    apr_pool_destroy(c->pool);
}

static int has_lingered(const suspended *s, uint64_t now)
{
    return now - s->since >= LINGER;
}

/*
 * Takes what the visitor still sends, until it closes its side too. Its time is looked at here as
 * well: who never stops sending wakes this each time before is_late is asked.
 */
static void linger(suspended *s, unsigned woke)
{
    char unread[4096];
    ssize_t n;
    int reads = 0;

    do {
        n = recv(s->fd, unread, sizeof unread, MSG_DONTWAIT);
    } while (n > 0 && ++reads < READS_MOST);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR) ||
        has_lingered(s, muse_clock_ms()) || (woke & MUSE_WOKE_STOP)) {
        close_connection(s);
        return;
    }
    wait_on(s);
}

/* What httpd does after the handler, then after the last request of a connection. */
static void end_request(suspended *s, unsigned woke)
{
    conn_rec *c = s->c;
    request_rec *r = s->r;

    s->r = NULL;
    if (ap_extended_status) {
        ap_time_process_request(c->sbh, START_PREQUEST); /* ends below, and was ended before */
    }
    ap_process_request_after_handler(r);
    c->cs->state = CONN_STATE_SUSPENDED; /* as it is counted */
    if (ap_start_lingering_close(c)) {
        close_connection(s);
        return;
    }
    s->phase = LINGERING;
    s->since = muse_clock_ms();
    linger(s, woke);
}

static void flush(suspended *s)
{
    conn_rec *c = s->c;
    apr_bucket_brigade *bb = apr_brigade_create(s->r->pool, c->bucket_alloc);

    APR_BRIGADE_INSERT_TAIL(bb, apr_bucket_flush_create(c->bucket_alloc));
    (void)ap_pass_brigade(c->output_filters, bb);
    apr_brigade_destroy(bb);
}

/* 1: the visitor has all, or never will. 0: it has to take more first. */
static int is_sent(suspended *s, unsigned woke)
{
    conn_rec *c = s->c;

    if (woke & (MUSE_WOKE_LEFT | MUSE_WOKE_STOP)) {
        c->aborted = 1;
    }
    (void)muse_flow_push(c);
    if (muse_flow_pending(c) && (woke & MUSE_WOKE_LATE)) {
        ap_log_cerror(APLOG_MARK, APLOG_INFO, 0, c,
                      "MUSE0051: the visitor has taken nothing for the time of Timeout; the "
                      "connection is closed");
        c->aborted = 1;
    }
    return !muse_flow_pending(c);
}

static void send_rest(suspended *s, unsigned woke)
{
    if (is_sent(s, woke)) {
        end_request(s, woke);
        return;
    }
    s->since = muse_clock_ms();
    wait_on(s);
}

/* On a thread of its own, since an ErrorDocument may be anything and wait for anything. */
static void refuse(void *data)
{
    suspended *s = data;

    attach_thread(s);
    apr_table_setn(s->r->err_headers_out, "Connection", "close");
    muse_flow_set(s->c, 0);
    ap_die(muse_stream_settle(s->stream), s->r);
    muse_flow_set(s->c, 1);
    flush(s);
    send_rest(s, 0);
}

static void end_stream(suspended *s, unsigned woke)
{
    s->phase = SENDING;
    if (muse_stream_result(s->stream) != OK && !(woke & MUSE_WOKE_STOP)) {
        s->c->sbh = NULL;
        (void)ap_mpm_register_timed_callback(MUSE_WATCH_AT_ONCE, refuse, s);
        return;
    }
    ap_die(OK, s->r);
    flush(s);
    send_rest(s, woke);
}

/* The stream's next step, when the visitor has taken what it has. */
static muse_stream_want step(suspended *s, unsigned woke)
{
    if (s->want == MUSE_STREAM_DRAIN) {
        if (!is_sent(s, woke)) {
            return MUSE_STREAM_DRAIN;
        }
        muse_stream_forgive(s->stream, muse_clock_ms() - s->since);
    }
    if (s->c->aborted || (woke & (MUSE_WOKE_LEFT | MUSE_WOKE_STOP))) {
        muse_stream_abandon(s->stream);
        return MUSE_STREAM_DONE;
    }
    return (woke & MUSE_WOKE_LATE) && !(woke & MUSE_WOKE_ENGINE) ? muse_stream_check(s->stream)
                                                                 : muse_stream_step(s->stream);
}

static void stream(suspended *s, unsigned woke)
{
    s->want = step(s, woke);
    if (s->want == MUSE_STREAM_DONE) {
        end_stream(s, woke);
        return;
    }
    s->since = muse_clock_ms();
    wait_on(s);
}

static void run(muse_watch *watch, unsigned woke)
{
    suspended *s = (suspended *)watch;

    if (!mpm_has_let_go(s)) {
        muse_watch_again(watch, woke);
        sched_yield();
        return;
    }
    attach_thread(s);
    switch (s->phase) {
    case STREAMING:
        stream(s, woke);
        break;
    case SENDING:
        send_rest(s, woke);
        break;
    case LINGERING:
        linger(s, woke);
        break;
    }
}

static int is_late(const muse_watch *watch, uint64_t now)
{
    const suspended *s = (const suspended *)watch;

    if (s->phase == LINGERING) {
        return has_lingered(s, now);
    }
    if (s->phase == SENDING || s->want == MUSE_STREAM_DRAIN) {
        return now - s->since >= s->timeout;
    }
    return s->want == MUSE_STREAM_PAUSE || muse_stream_is_overdue(s->stream);
}

void muse_suspend_child(apr_pool_t *pchild, server_rec *server)
{
    static const muse_watch_calls calls = {.run = run, .is_late = is_late};

    muse_watch_child(pchild, server, &calls);
}

void muse_suspend_register(void)
{
    muse_flow_register();
    ap_hook_suspend_connection(on_suspend, NULL, NULL, APR_HOOK_REALLY_LAST);
}
