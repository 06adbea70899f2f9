#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <apr_strings.h>
#include <apr_thread_mutex.h>

#include "muse_engines.h"
#include "muse_link.h"
#include "muse_process.h"

enum { IDLE_MOST = 64 }; /* for each engine; more than a child has threads by default */

static struct {
    apr_thread_mutex_t *mutex; /* guards the stacks */
    struct {
        int fds[IDLE_MOST];
        int count;
    } engines[MUSE_ENGINES_MAX];
} idle;

void muse_link_child(apr_pool_t *pchild, server_rec *s)
{
    (void)s;
    memset(&idle, 0, sizeof idle);
    apr_thread_mutex_create(&idle.mutex, APR_THREAD_MUTEX_DEFAULT, pchild);
}

static int take_idle(int engine)
{
    int fd = -1;

    apr_thread_mutex_lock(idle.mutex);
    if (idle.engines[engine].count) {
        fd = idle.engines[engine].fds[--idle.engines[engine].count];
    }
    apr_thread_mutex_unlock(idle.mutex);
    return fd;
}

/* An idle connection has nothing to say: bytes or an end mean that the engine gave it up. */
static int is_usable(int fd)
{
    char c;

    return recv(fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

int muse_link_open(int engine, int fresh, muse_link *link)
{
    const char *path = muse_process_socket(engine);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int error;

    link->engine = engine;
    link->reused = 0;
    while (!fresh && (link->fd = take_idle(engine)) >= 0) {
        if (is_usable(link->fd)) {
            link->reused = 1;
            return 0;
        }
        close(link->fd);
    }
    link->fd = -1;
    if (!path) {
        return ENOENT;
    }
    apr_cpystrn(address.sun_path, path, sizeof address.sun_path);
    link->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (link->fd < 0) {
        return errno;
    }
    if (connect(link->fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        error = errno;
        muse_link_close(link);
        return error;
    }
    return 0;
}

void muse_link_keep(muse_link *link)
{
    apr_thread_mutex_lock(idle.mutex);
    if (idle.engines[link->engine].count < IDLE_MOST) {
        idle.engines[link->engine].fds[idle.engines[link->engine].count++] = link->fd;
        link->fd = -1;
    }
    apr_thread_mutex_unlock(idle.mutex);
    muse_link_close(link);
}

void muse_link_close(muse_link *link)
{
    if (link->fd >= 0) {
        close(link->fd);
        link->fd = -1;
    }
}
