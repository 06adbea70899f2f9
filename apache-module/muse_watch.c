#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <httpd.h>
#include <http_config.h>
#include <http_log.h>
#include <http_main.h>
#include <ap_mpm.h>
#include <apr_portable.h>
#include <apr_thread_mutex.h>
#include <apr_thread_proc.h>

#include "muse_region.h"
#include "muse_slots.h"
#include "muse_watch.h"

APLOG_USE_MODULE(muse_ai);

/* httpd 2.4.52 has threads of APR alone. */
#if AP_MODULE_MAGIC_AT_LEAST(20120211, 122)
#define CREATE_THREAD ap_thread_create
#else
#define CREATE_THREAD apr_thread_create
#endif

enum {
    EVENTS_MOST = 256,
    RUN_MOST = 64, /* watches that one callback runs before others get its thread */
    RUNNERS_MOST = 8,
    RUNNERS_SHARE = 4, /* of ThreadsPerChild */
    SPARE_SHARE = 2,   /* the same, with those that come while all others are held up */
    HELD_UP = 50,      /* ms in which none of them took anything */
    STACK = 128 * 1024,
    LISTS = 3,
    BUSY = 1000, /* microseconds between events */
    REST = 2000,
};

static const uint64_t NEVER = UINT64_MAX;

typedef enum { RUNNING, ARMED, READY } state;

APR_RING_HEAD(ring, muse_watch);

/* All but what is set once in the child is guarded by mutex. */
static struct {
    apr_thread_mutex_t *mutex;
    apr_thread_t *thread;
    const muse_watch_calls *calls;
    int epoll;
    int bell; /* eventfd */
    int runners_most;
    int runners_spare; /* the most of them while they are held up */
    struct ring ready;
    struct {
        struct ring ring; /* by deadline, since all of one list wait equally long */
        int patience;     /* ms */
    } lists[LISTS];
    muse_slots slots;
    unsigned ready_count;
    int runners;       /* callbacks that run or are registered */
    uint64_t taken_at; /* when one of them last took what was ready, or was let come */
    uint64_t wakes_at; /* when the I/O thread looks again by itself */
    int ends;
} watch;

int muse_watch_runs(void)
{
    return watch.thread != NULL;
}

static void lock(void)
{
    apr_thread_mutex_lock(watch.mutex);
}

static void unlock(void)
{
    apr_thread_mutex_unlock(watch.mutex);
}

static void ring_bell(void)
{
    const uint64_t one = 1;

    while (write(watch.bell, &one, sizeof one) < 0 && errno == EINTR) {}
}

/* A report's data: the name of a watch, and whether it is the visitor's socket. */
static uint64_t tag(const muse_watch *w, int visitor)
{
    return muse_slots_name(&watch.slots, w->slot) << 1 | (unsigned)visitor;
}

void muse_watch_add(muse_watch *w)
{
    memset(w, 0, sizeof *w);
    w->engine_fd = w->visitor_fd = -1;
    lock();
    w->slot = muse_slots_add(&watch.slots, w);
    unlock();
}

void muse_watch_drop(muse_watch *w)
{
    lock();
    muse_slots_drop(&watch.slots, w->slot);
    unlock();
}

/* Lets callbacks come for what is ready, as many as may work at once. The mutex is held. */
static int claim_runners(void)
{
    int claimed = 0;

    while (watch.runners < watch.runners_most && (unsigned)claimed < watch.ready_count) {
        watch.runners++;
        watch.taken_at = muse_clock_ms();
        claimed++;
    }
    return claimed;
}

static int may_spare(void)
{
    return watch.ready_count && watch.runners >= watch.runners_most &&
           watch.runners < watch.runners_spare;
}

/*
 * A filter may take its time with a page, as mod_ratelimit does. Where as many callbacks as may
 * work are held up so, one more comes for the other pages. The mutex is held.
 */
static int claim_spare(uint64_t now)
{
    if (!may_spare() || now < watch.taken_at + HELD_UP) {
        return 0;
    }
    watch.runners++;
    watch.taken_at = now;
    return 1;
}

static void run_ready(void *unused);

static void call_runners(int count)
{
    while (count-- > 0) {
        (void)ap_mpm_register_timed_callback(MUSE_WATCH_AT_ONCE, run_ready, NULL);
    }
}

static void make_ready(muse_watch *w)
{
    w->state = READY;
    APR_RING_INSERT_TAIL(&watch.ready, w, muse_watch, link);
    watch.ready_count++;
}

/*
 * Whoever runs may close the engine's socket, and another watch's may get its number. So it leaves
 * the epoll set before that, as long as the number is surely this watch's.
 */
static void forget_engine(muse_watch *w)
{
    if (w->engine_fd >= 0) {
        (void)epoll_ctl(watch.epoll, EPOLL_CTL_DEL, w->engine_fd, NULL);
        w->engine_fd = -1;
    }
}

static muse_watch *take_ready(unsigned *woke)
{
    muse_watch *w = APR_RING_FIRST(&watch.ready);

    if (w == APR_RING_SENTINEL(&watch.ready, muse_watch, link)) {
        return NULL;
    }
    APR_RING_REMOVE(w, link);
    watch.ready_count--;
    watch.taken_at = muse_clock_ms();
    forget_engine(w);
    w->state = RUNNING;
    *woke = w->woke;
    w->woke = 0;
    return w;
}

/* A callback of the MPM. */
static void run_ready(void *unused)
{
    int n;

    (void)unused;
    for (n = 0; n < RUN_MOST; n++) {
        unsigned woke = 0;
        muse_watch *w;

        lock();
        w = take_ready(&woke);
        if (!w) {
            watch.runners--;
        }
        unlock();
        if (!w) {
            return;
        }
        watch.calls->run(w, woke);
    }
    call_runners(1);
}

static int ask(int fd, unsigned events, uint64_t data)
{
    struct epoll_event event = {.events = events | EPOLLONESHOT, .data.u64 = data};

    if (epoll_ctl(watch.epoll, EPOLL_CTL_MOD, fd, &event) == 0) {
        return 0;
    }
    return errno == ENOENT ? epoll_ctl(watch.epoll, EPOLL_CTL_ADD, fd, &event) : -1;
}

/* The engine's socket may be another one under the same number, so it is always asked for. */
static int ask_engine(muse_watch *w, const muse_watch_for *what)
{
    if (what->engine_fd < 0) {
        return 0;
    }
    w->engine_fd = what->engine_fd;
    return ask(what->engine_fd, what->engine_events, tag(w, 0));
}

static int ask_visitor(muse_watch *w, const muse_watch_for *what)
{
    const unsigned events = what->visitor_events | EPOLLRDHUP;

    if (w->visitor_fd == what->visitor_fd && w->visitor_events == events) {
        return 0;
    }
    w->visitor_fd = what->visitor_fd;
    w->visitor_events = events;
    return ask(what->visitor_fd, events, tag(w, 1));
}

static int find_list(int patience)
{
    int i = LISTS - 1;

    while (i > 0 && watch.lists[i].patience > patience) {
        i--;
    }
    return i;
}

static void await(muse_watch *w, uint64_t now)
{
    w->deadline = now + (uint64_t)watch.lists[w->patience].patience;
    APR_RING_INSERT_TAIL(&watch.lists[w->patience].ring, w, muse_watch, link);
}

void muse_watch_arm(muse_watch *w, const muse_watch_for *what)
{
    int callers = 0;
    int early = 0;

    lock();
    if (ask_engine(w, what) || ask_visitor(w, what)) {
        ap_log_error(APLOG_MARK, APLOG_ERR, errno, ap_server_conf,
                     "MUSE0048: can't wait for a socket: the stream ends; see "
                     "fs.epoll.max_user_watches");
        w->woke = MUSE_WOKE_LEFT;
        make_ready(w);
        callers = claim_runners();
    } else {
        w->state = ARMED;
        w->patience = find_list(what->patience);
        await(w, muse_clock_ms());
        early = w->deadline < watch.wakes_at;
        if (early) {
            watch.wakes_at = w->deadline;
        }
    }
    unlock();
    call_runners(callers);
    if (early) {
        ring_bell();
    }
}

void muse_watch_again(muse_watch *w, unsigned woke)
{
    int callers;

    lock();
    w->woke |= woke;
    make_ready(w);
    callers = claim_runners();
    unlock();
    call_runners(callers);
}

static void take_report(const struct epoll_event *event)
{
    const int visitor = event->data.u64 & 1;
    muse_watch *w = muse_slots_find(&watch.slots, event->data.u64 >> 1);

    if (!w) {
        return;
    }
    if (visitor) {
        w->visitor_fd = -1;
    } else {
        w->engine_fd = -1;
    }
    if (w->state == RUNNING) {
        return;
    }
    if (!visitor) {
        w->woke |= MUSE_WOKE_ENGINE;
    } else {
        if (event->events & (EPOLLIN | EPOLLOUT)) {
            w->woke |= MUSE_WOKE_VISITOR;
        }
        if (event->events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
            w->woke |= MUSE_WOKE_LEFT;
        }
    }
    if (w->state == ARMED) {
        APR_RING_REMOVE(w, link);
        make_ready(w);
    }
}

/* Asks those whose time has come; the others wait once more. Returns when the next one is due. */
static uint64_t take_late(uint64_t now)
{
    uint64_t next = NEVER;
    int i;

    for (i = 0; i < LISTS; i++) {
        struct ring *ring = &watch.lists[i].ring;

        while (!APR_RING_EMPTY(ring, muse_watch, link) && APR_RING_FIRST(ring)->deadline <= now) {
            muse_watch *w = APR_RING_FIRST(ring);

            APR_RING_REMOVE(w, link);
            if (watch.calls->is_late(w, now)) {
                w->woke |= MUSE_WOKE_LATE;
                make_ready(w);
            } else {
                await(w, now);
            }
        }
        if (!APR_RING_EMPTY(ring, muse_watch, link) && APR_RING_FIRST(ring)->deadline < next) {
            next = APR_RING_FIRST(ring)->deadline;
        }
    }
    return next;
}

static int until(uint64_t time)
{
    const uint64_t now = muse_clock_ms();

    return time == NEVER ? -1 : time <= now ? 0 : (int)(time - now);
}

/*
 * Where events come thick, those of a moment are taken together: an engine that writes while this
 * thread is not waiting for it has nobody to wake, which takes most of the time of a write.
 */
static void rest_when_busy(apr_time_t *busy_at)
{
    const apr_time_t now = apr_time_now();

    if (now >= *busy_at && now - *busy_at < BUSY) {
        apr_sleep(REST);
    }
    *busy_at = apr_time_now();
}

static void *APR_THREAD_FUNC watch_all(apr_thread_t *thread, void *unused)
{
    static struct epoll_event events[EVENTS_MOST];
    uint64_t next = NEVER;
    apr_time_t busy_at = 0;

    (void)unused;
    for (;;) {
        const int count = epoll_wait(watch.epoll, events, EVENTS_MOST, until(next));
        uint64_t now;
        int callers;
        int ends;
        int i;

        lock();
        for (i = 0; i < count; i++) {
            uint64_t rings;

            if (events[i].data.u64) {
                take_report(&events[i]);
            } else {
                (void)!read(watch.bell, &rings, sizeof rings);
            }
        }
        now = muse_clock_ms();
        next = take_late(now);
        callers = claim_runners() + claim_spare(now);
        if (may_spare() && watch.taken_at + HELD_UP < next) {
            next = watch.taken_at + HELD_UP;
        }
        watch.wakes_at = next;
        ends = watch.ends;
        unlock();
        if (ends) {
            break;
        }
        call_runners(callers);
        if (count > 0) {
            rest_when_busy(&busy_at);
        }
    }
    apr_thread_exit(thread, APR_SUCCESS);
    return NULL;
}

/*
 * The child ends, its MPM threads have ended already. Whoever still waits is told, so that its
 * request is logged and cleaned up.
 */
static apr_status_t end_all(void *unused)
{
    apr_status_t rv;
    unsigned i;

    (void)unused;
    lock();
    watch.ends = 1;
    unlock();
    ring_bell();
    apr_thread_join(&rv, watch.thread);
    watch.thread = NULL;
    for (i = 1; i < watch.slots.room; i++) {
        muse_watch *w = watch.slots.all[i].what;

        if (w && w->state != RUNNING) {
            watch.calls->run(w, MUSE_WOKE_STOP);
        }
    }
    return APR_SUCCESS;
}

/* Each stream takes two descriptors, so as many as the administrator allows at all. */
static void raise_descriptor_limit(server_rec *s)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
            ap_log_error(APLOG_MARK, APLOG_INFO, errno, s,
                         "MUSE0049: can't raise the number of open files; see ulimit -n");
        }
    }
}

static int open_set(void)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = 0};

    watch.epoll = epoll_create1(EPOLL_CLOEXEC);
    watch.bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return watch.epoll >= 0 && watch.bell >= 0 &&
           epoll_ctl(watch.epoll, EPOLL_CTL_ADD, watch.bell, &event) == 0;
}

void muse_watch_child(apr_pool_t *pchild, server_rec *s, const muse_watch_calls *calls)
{
    static const int patiences[LISTS] = {20, 250, 1000};
    apr_threadattr_t *attributes;
    int async = 0;
    int threads = 0;
    int i;

    memset(&watch, 0, sizeof watch);
    if (ap_mpm_query(AP_MPMQ_IS_ASYNC, &async) != APR_SUCCESS || !async) {
        return;
    }
    (void)ap_mpm_query(AP_MPMQ_MAX_THREADS, &threads);
    watch.runners_most = threads / RUNNERS_SHARE;
    watch.runners_most = watch.runners_most < 1              ? 1
                         : watch.runners_most > RUNNERS_MOST ? RUNNERS_MOST
                                                             : watch.runners_most;
    watch.runners_spare = threads / SPARE_SHARE;
    watch.calls = calls;
    watch.wakes_at = NEVER;
    APR_RING_INIT(&watch.ready, muse_watch, link);
    for (i = 0; i < LISTS; i++) {
        APR_RING_INIT(&watch.lists[i].ring, muse_watch, link);
        watch.lists[i].patience = patiences[i];
    }
    raise_descriptor_limit(s);
    apr_thread_mutex_create(&watch.mutex, APR_THREAD_MUTEX_DEFAULT, pchild);
    if (!open_set() || apr_threadattr_create(&attributes, pchild) != APR_SUCCESS ||
        apr_threadattr_stacksize_set(attributes, STACK) != APR_SUCCESS ||
        CREATE_THREAD(&watch.thread, attributes, watch_all, NULL, pchild) != APR_SUCCESS) {
        ap_log_error(APLOG_MARK, APLOG_ERR, errno, s,
                     "MUSE0050: can't start the thread that waits for engines; each page takes a "
                     "thread of httpd while it is written");
        watch.thread = NULL;
        return;
    }
    apr_pool_pre_cleanup_register(pchild, NULL, end_all);
}
