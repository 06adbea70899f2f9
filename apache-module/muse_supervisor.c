#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <httpd.h>
#include <http_config.h>
#include <http_log.h>
#include <mpm_common.h>
#include <apr_strings.h>

#include "muse_budget_file.h"
#include "muse_config.h"
#include "muse_engines.h"
#include "muse_log.h"
#include "muse_settings.h"
#include "muse_spawn.h"
#include "muse_still.h"
#include "muse_supervisor.h"

APLOG_USE_MODULE(muse_ai);

enum {
    BACKOFF_FIRST = 100,     /* ms before the first restart; doubled each time */
    BACKOFF_SERVED = 1000,   /* ms; for one that serves, and then ends too soon */
    RESTART_GRACE = 30000,   /* ms in which the next supervisor must have taken over */
    DRAIN_MOST = 10 * 60000, /* ms; longer than any page may take by default */
    DRAIN_LOOK = 1000,       /* ms between looks at an engine that drains */
    STILL_MOST = 30,         /* s without a heartbeat, after which an engine is ended for another */
    STILL_STARTING = 60,     /* s without one of an engine that is not ready yet */
    STILL_DRAINING = 10,     /* s without one of an engine that is to end */
};

typedef struct {
    int index;
    muse_child child; /* pid 0 when there is none */
    int ready;
    unsigned ends;     /* in a row without MUSE_PROVEN_AFTER of service */
    unsigned failures; /* starts in a row after which it was never ready */
    uint64_t ready_at;
    uint64_t start_at; /* when to start the next one */
    muse_still still;
    char said[256]; /* the last reason for not running: each is said once */
    muse_log_lines lines;
} engine;

typedef struct {
    const muse_supervisor_plan *plan;
    apr_pool_t *pool;
    engine engines[MUSE_ENGINES_MAX];
    int signals; /* signalfd */
    int lifeline;
    int previous_lifeline;
    int draining;
    muse_budget_file budgets;
    uint64_t drain_by; /* when to drain without being told, or to stop waiting; 0: never */
} supervisor;

/* Whether the region's record of this engine is still ours: a next supervisor takes it over. */
static int owns_record(const supervisor *s, int index, pid_t pid)
{
    muse_engine_info info;

    return muse_engine_get(s->plan->region, (uint32_t)index, &info) == MUSE_OK &&
           (pid_t)info.pid == pid;
}

static void set_state(supervisor *s, engine *e, muse_engine_state state)
{
    (void)muse_engine_set(s->plan->region, (uint32_t)e->index, state, e->failures,
                          (uint32_t)e->child.pid);
}

/* Says why an engine does not run: a new reason at level, the same one again only for debugging. */
static void say_once(supervisor *s, engine *e, int level, const char *number, const char *reason)
{
    if (!strncmp(e->said, reason, sizeof e->said - 1)) { /* so much of it is kept */
        level = APLOG_DEBUG;
    }
    apr_cpystrn(e->said, reason, sizeof e->said);
    ap_log_error(APLOG_MARK, level, 0, s->plan->server, "%s: %s", number, reason);
}

uint64_t muse_supervisor_backoff(unsigned ends, uint64_t most)
{
    uint64_t wait = BACKOFF_FIRST;

    for (; ends > 1 && wait < most; ends--) {
        wait *= 2;
    }
    return wait < most ? wait : most;
}

static void plan_next(supervisor *s, engine *e)
{
    e->ends++;
    e->failures = e->ready ? 0 : e->failures + 1;
    e->start_at =
        muse_clock_ms() + (e->ready ? muse_supervisor_backoff(e->ends, BACKOFF_SERVED)
                                    : muse_supervisor_backoff(e->failures, MUSE_BACKOFF_MOST));
    set_state(s, e, MUSE_ENGINE_DOWN);
}

static void start(supervisor *s, engine *e)
{
    const char *error;
    apr_pool_t *p;

    apr_pool_create(&p, s->pool);
    e->ready = 0;
    e->still = (muse_still){0};
    error = muse_spawn(p, s->plan->server, e->index, s->plan->listeners[e->index],
                       muse_region_fd(s->plan->region), &e->child);
    if (error) {
        say_once(s, e, APLOG_ERR, "MUSE0021", error);
        plan_next(s, e);
    } else {
        muse_log_lines_init(&e->lines);
        set_state(s, e, MUSE_ENGINE_STARTING);
    }
    apr_pool_destroy(p);
}

static void read_log(supervisor *s, engine *e)
{
    if (e->child.log >= 0 && !muse_log_lines_read(&e->lines, e->child.log, s->plan->server)) {
        close(e->child.log);
        e->child.log = -1;
    }
}

/* Ends a finished engine's record, and says how it ended unless that was asked for. */
static void ended(supervisor *s, engine *e, int status)
{
    char reason[256];
    const pid_t pid = e->child.pid;

    read_log(s, e);
    if (e->child.log >= 0) {
        close(e->child.log);
    }
    if (e->child.control >= 0) {
        close(e->child.control);
    }
    free(e->child.settings);
    memset(&e->child, 0, sizeof e->child);
    if (s->draining) {
        if (owns_record(s, e->index, pid)) {
            set_state(s, e, MUSE_ENGINE_NONE);
        }
        return;
    }
    (void)muse_engine_count_end(s->plan->region, (uint32_t)e->index);
    if (e->ready && muse_clock_ms() - e->ready_at >= MUSE_PROVEN_AFTER) {
        e->ends = 0;
    }
    plan_next(s, e);
    if (WIFSIGNALED(status)) {
        apr_snprintf(reason, sizeof reason, "engine %d was ended by signal %d (%s)", e->index,
                     WTERMSIG(status), strsignal(WTERMSIG(status)));
    } else {
        apr_snprintf(reason, sizeof reason, "engine %d ended with status %d%s", e->index,
                     WEXITSTATUS(status), e->ready ? "" : " before it was ready");
    }
    apr_cpystrn(reason + strlen(reason),
                "; it is started again, cached pages are served meanwhile (the lines before this "
                "one say why, if it could)",
                sizeof reason - strlen(reason));
    say_once(s, e, APLOG_ERR, "MUSE0022", reason);
    ap_log_error(APLOG_MARK, APLOG_DEBUG, 0, s->plan->server,
                 "MUSE0023: engine %d was process %" APR_PID_T_FMT "; ends in a row: %u", e->index,
                 pid, e->ends);
}

static void reap(supervisor *s)
{
    int status;
    pid_t pid;
    int i;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        for (i = 0; i < s->plan->engines; i++) {
            if (s->engines[i].child.pid == pid) {
                ended(s, &s->engines[i], status);
            }
        }
    }
}

static int all_ready(const supervisor *s)
{
    int i;

    for (i = 0; i < s->plan->engines; i++) {
        if (!s->engines[i].ready) {
            return 0;
        }
    }
    return 1;
}

/*
 * The supervisor from before the restart is needed no more. Closing this end would not tell it:
 * what other modules forked from httpd's parent, such as the daemon of mod_cgid, has it open as
 * well.
 */
static void release_previous(supervisor *s)
{
    if (s->previous_lifeline >= 0) {
        (void)shutdown(s->previous_lifeline, SHUT_RDWR);
        close(s->previous_lifeline);
        s->previous_lifeline = -1;
    }
}

/* The engine says "ready" once, on its control socket; later only end of file can come. */
static void hear(supervisor *s, engine *e)
{
    char word[64];
    const ssize_t n = recv(e->child.control, word, sizeof word - 1, MSG_DONTWAIT);

    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        close(e->child.control);
        e->child.control = -1;
        return;
    }
    if (n <= 0 || e->ready) {
        return;
    }
    word[n] = '\0';
    if (strncmp(word, "ready", 5) != 0) {
        return;
    }
    e->ready = 1;
    e->ready_at = muse_clock_ms();
    set_state(s, e, MUSE_ENGINE_READY);
    ap_log_error(APLOG_MARK, *e->said ? APLOG_NOTICE : APLOG_INFO, 0, s->plan->server,
                 "MUSE0020: engine %d is ready%s", e->index, *e->said ? " again" : "");
    e->said[0] = '\0';
    if (all_ready(s)) {
        release_previous(s);
    }
}

/* Behind the settings, should it not have read all of them yet. */
static void order_drain(const muse_child *child)
{
    if (child->pid && child->control >= 0 && !child->settings) {
        (void)!send(child->control, "drain\n", 6, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
}

static void drain(supervisor *s)
{
    int i;

    if (s->draining) {
        return;
    }
    s->draining = 1;
    s->budgets.leaving = 1;
    muse_budget_file_save(&s->budgets, 1);
    s->drain_by = muse_clock_ms() + DRAIN_MOST;
    release_previous(s);
    for (i = 0; i < s->plan->engines; i++) {
        order_drain(&s->engines[i].child);
    }
}

static void watch_lifeline(supervisor *s)
{
    char c;
    const ssize_t n = recv(s->lifeline, &c, 1, MSG_DONTWAIT);

    if (n > 0) {
        /* The file of budgets is the next supervisor's, if that has memory made anew. */
        s->budgets.leaving = 1;
        s->drain_by = muse_clock_ms() + RESTART_GRACE;
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        close(s->lifeline);
        s->lifeline = -1;
        drain(s);
    }
}

static void watch_signals(supervisor *s)
{
    struct signalfd_siginfo info;

    while (read(s->signals, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGCHLD) {
            reap(s);
        } else if (info.ssi_signo == SIGTERM) {
            drain(s);
        }
    }
}

/*
 * The seconds without a heartbeat after which an engine is taken for one that never moves again.
 * One that is not ready has nothing to bring to an end.
 */
static unsigned patience(const supervisor *s, const engine *e)
{
    return s->draining ? (e->ready ? STILL_DRAINING : 0) : e->ready ? STILL_MOST : STILL_STARTING;
}

/* What holds it up has no end; the pages that it was asked for are written by the next one. */
static void end_still(supervisor *s)
{
    int i;

    for (i = 0; i < s->plan->engines; i++) {
        engine *e = &s->engines[i];
        const unsigned most = patience(s, e);

        if (!e->child.pid || !owns_record(s, i, e->child.pid) ||
            muse_still_seconds(&e->still, s->plan->region, i) < most) {
            continue;
        }
        if (!s->draining) {
            ap_log_error(APLOG_MARK, APLOG_ERR, 0, s->plan->server,
                         "MUSE0103: engine %d has not moved for %u s%s: it is ended, and another "
                         "one is started",
                         i, most, e->ready ? "" : " and was not ready yet");
        }
        e->still = (muse_still){0};
        kill(e->child.pid, SIGKILL);
    }
}

static void tell(const supervisor *s, muse_child *child)
{
    if (child->settings) {
        muse_spawn_tell(child);
        if (s->draining) {
            order_drain(child);
        }
    }
}

/* Until when poll may wait, in ms. Starts what is due. */
static int due(supervisor *s)
{
    uint64_t now = muse_clock_ms();
    uint64_t next = s->drain_by;
    int i;

    for (i = 0; i < s->plan->engines && !s->draining; i++) {
        engine *e = &s->engines[i];

        if (!e->child.pid && e->start_at <= now) {
            start(s, e);
        }
        if (!e->child.pid && (!next || e->start_at < next)) {
            next = e->start_at;
        }
    }
    if (s->drain_by && s->drain_by <= now) {
        if (s->draining) {
            muse_budget_file_save(&s->budgets, 1);
            _exit(0); /* the engines see their control sockets close, and end */
        }
        drain(s);
        return 0;
    }
    end_still(s);
    if (s->draining) {
        return DRAIN_LOOK;
    }
    now = muse_clock_ms();
    return !next || next > now + MUSE_BUDGET_FILE_EVERY ? MUSE_BUDGET_FILE_EVERY
           : next <= now                                ? 0
                                                        : (int)(next - now);
}

static int engines_left(const supervisor *s)
{
    int i;
    int left = 0;

    for (i = 0; i < s->plan->engines; i++) {
        left += s->engines[i].child.pid != 0;
    }
    return left;
}

static void turn(supervisor *s)
{
    struct pollfd fds[2 + 2 * MUSE_ENGINES_MAX];
    const int wait = due(s);
    int i;

    muse_budget_file_save(&s->budgets, 0);
    fds[0] = (struct pollfd){.fd = s->signals, .events = POLLIN};
    fds[1] = (struct pollfd){.fd = s->lifeline, .events = POLLIN};
    for (i = 0; i < s->plan->engines; i++) {
        const muse_child *child = &s->engines[i].child;

        fds[2 + 2 * i] = (struct pollfd){.fd = child->pid ? child->log : -1, .events = POLLIN};
        fds[3 + 2 * i] = (struct pollfd){.fd = child->pid ? child->control : -1,
                                         .events = child->settings ? POLLIN | POLLOUT : POLLIN};
    }
    if (poll(fds, (nfds_t)(2 + 2 * s->plan->engines), wait) < 0) {
        return;
    }
    for (i = 0; i < s->plan->engines; i++) {
        engine *e = &s->engines[i];

        if (fds[2 + 2 * i].revents && e->child.pid) {
            read_log(s, e);
        }
        if (fds[3 + 2 * i].revents && e->child.pid) {
            tell(s, &e->child);
            hear(s, e);
        }
    }
    if (fds[1].revents && s->lifeline >= 0) {
        watch_lifeline(s);
    }
    if (fds[0].revents) {
        watch_signals(s);
    }
}

/* Signals that httpd's parent gets may reach the whole process group; only ours count here. */
static int take_signals(void)
{
    static const int others[] = {SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH, SIGPIPE};
    sigset_t set;
    size_t i;

    for (i = 0; i < sizeof others / sizeof *others; i++) {
        signal(others[i], SIG_IGN);
    }
    signal(SIGCHLD, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_SETMASK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Comes if httpd's parent is killed so that others still hold its end of the lifeline. */
static void end_with_parent(void)
{
    prctl(PR_SET_PDEATHSIG, SIGTERM);
}

/* Here and not in httpd's parent, which must not wait. An order to end ends the wait. */
static void wait_first(const supervisor *s)
{
    struct pollfd fds[] = {{.fd = s->signals, .events = POLLIN},
                           {.fd = s->lifeline, .events = POLLIN}};

    if (s->plan->wait > 0) {
        (void)poll(fds, 2, s->plan->wait);
    }
}

void muse_supervisor_run(apr_pool_t *p, const muse_supervisor_plan *plan)
{
    supervisor s = {.plan = plan,
                    .pool = p,
                    .lifeline = plan->lifeline,
                    .previous_lifeline = plan->previous_lifeline};
    int i;

    s.signals = take_signals();
    prctl(PR_SET_NAME, "muse-ai-super");
    end_with_parent();
    wait_first(&s);
    if (s.signals < 0 || ap_run_drop_privileges(p, plan->server) != OK) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, errno, plan->server,
                     "MUSE0024: the engines' supervisor could not become the User of this "
                     "httpd; no engine runs, cached pages only are served");
        _exit(1);
    }
    end_with_parent(); /* a change of the User has taken that back */
    for (i = 0; i < plan->engines; i++) {
        s.engines[i].index = i;
    }
    muse_budget_file_open(&s.budgets, plan->server, plan->region, plan->state_dir);
    while (!s.draining || engines_left(&s)) {
        turn(&s);
    }
    muse_budget_file_save(&s.budgets, 1);
    /* Not exit: httpd's own clean-up is its parent's. */
    _exit(0);
}
