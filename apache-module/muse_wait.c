#include <poll.h>

#include <httpd.h>
#include <http_core.h>
#include <apr_portable.h>

#include "muse_wait.h"

/* The visitor's socket, or -1 on a connection that has none of its own, as in HTTP/2. */
static int visitor_socket(request_rec *r)
{
    apr_socket_t *socket = r->connection->master ? NULL : ap_get_conn_socket(r->connection);
    apr_os_sock_t fd;

    return socket && apr_os_sock_get(&fd, socket) == APR_SUCCESS ? fd : -1;
}

int muse_wait_run(request_rec *r, muse_stream *stream, muse_stream_want want)
{
    const int visitor = visitor_socket(r);

    while (want != MUSE_STREAM_DONE) {
        struct pollfd fds[2] = {
            {.fd = want == MUSE_STREAM_PAUSE ? -1 : muse_stream_fd(stream),
             .events = want == MUSE_STREAM_WRITE ? POLLOUT : POLLIN},
            {.fd = visitor, .events = POLLRDHUP},
        };
        const int ready = poll(fds, 2, muse_stream_patience(stream));

        if (fds[1].revents || r->connection->aborted) {
            muse_stream_abandon(stream);
            break;
        }
        want = ready > 0 && fds[0].revents ? muse_stream_step(stream) : muse_stream_check(stream);
    }
    return muse_stream_settle(stream);
}
