#include <poll.h>

#include <httpd.h>
#include <http_core.h>
#include <ap_mpm.h>
#include <apr_portable.h>

#include "muse_region.h"
#include "muse_wait.h"

enum {
    MOMENT = 50,       /* ms */
    MOMENTS_SHARE = 2, /* of the child's threads */
};

/* Threads of this child that wait a moment. */
static int moments;

/* The visitor's socket, or -1 on a connection that has none of its own, as in HTTP/2. */
static int visitor_socket(request_rec *r)
{
    apr_socket_t *socket = r->connection->master ? NULL : ap_get_conn_socket(r->connection);
    apr_os_sock_t fd;

    return socket && apr_os_sock_get(&fd, socket) == APR_SUCCESS ? fd : -1;
}

/* Blocks for so many milliseconds at the most. 1: the engine's socket is ready. -1: left. */
static int wait_for(request_rec *r, const muse_stream *stream, muse_stream_want want, int visitor,
                    int ms)
{
    struct pollfd fds[2] = {
        {.fd = want == MUSE_STREAM_PAUSE ? -1 : muse_stream_fd(stream),
         .events = want == MUSE_STREAM_WRITE ? POLLOUT : POLLIN},
        {.fd = visitor, .events = POLLRDHUP},
    };
    const int ready = poll(fds, 2, ms);

    if (fds[1].revents || r->connection->aborted) {
        return -1;
    }
    return ready > 0 && fds[0].revents;
}

/* 1: this thread is one of the few of the child that may wait a moment. */
static int take_moment(void)
{
    static int threads;

    if (!threads) {
        (void)ap_mpm_query(AP_MPMQ_MAX_THREADS, &threads);
    }
    if (__atomic_add_fetch(&moments, 1, __ATOMIC_RELAXED) <= threads / MOMENTS_SHARE) {
        return 1;
    }
    __atomic_sub_fetch(&moments, 1, __ATOMIC_RELAXED);
    return 0;
}

muse_stream_want muse_wait_moment(request_rec *r, muse_stream *stream, muse_stream_want want)
{
    const uint64_t over = muse_clock_ms() + MOMENT;
    const int visitor = visitor_socket(r);

    if ((want != MUSE_STREAM_READ && want != MUSE_STREAM_WRITE) || !take_moment()) {
        return want;
    }
    while (want == MUSE_STREAM_READ || want == MUSE_STREAM_WRITE) {
        const uint64_t now = muse_clock_ms();
        const int ready = now < over ? wait_for(r, stream, want, visitor, (int)(over - now)) : 0;

        if (ready < 0) {
            muse_stream_abandon(stream);
            want = MUSE_STREAM_DONE;
        } else if (ready && (want == MUSE_STREAM_WRITE || muse_stream_is_whole(stream))) {
            want = muse_stream_step(stream);
        } else {
            break;
        }
    }
    __atomic_sub_fetch(&moments, 1, __ATOMIC_RELAXED);
    return want;
}

int muse_wait_run(request_rec *r, muse_stream *stream, muse_stream_want want)
{
    const int visitor = visitor_socket(r);

    while (want != MUSE_STREAM_DONE) {
        const int ready = wait_for(r, stream, want, visitor, muse_stream_patience(stream));

        if (ready < 0) {
            muse_stream_abandon(stream);
            break;
        }
        want = ready ? muse_stream_step(stream) : muse_stream_check(stream);
    }
    return muse_stream_settle(stream);
}
