#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <httpd.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <ap_listen.h>
#include <ap_mpm.h>
#include <unixd.h>
#include <apr_portable.h>
#include <apr_strings.h>

#include "muse_backends.h"
#include "muse_budget_file.h"
#include "muse_config.h"
#include "muse_engines.h"
#include "muse_process.h"
#include "muse_supervisor.h"

APLOG_USE_MODULE(muse_ai);

/*
 * Kept by httpd's parent for its whole life, over restarts that may even bring another build of
 * this module: so descriptors and plain numbers only, and a name with a version.
 */
#define RETAINED "mod_muse_ai/1"

enum { LEAVING_MOST = 16 };

typedef struct {
    int known; /* 0 the first time */
    int region_fd;
    uint64_t store_bytes;
    int listeners[MUSE_ENGINES_MAX]; /* -1: none */
    char paths[MUSE_ENGINES_MAX][108];
    int lifeline; /* our end towards the supervisor; -1: none runs */
    apr_proc_t supervisor;
    apr_proc_t leaving[LEAVING_MOST]; /* older ones that finish their streams; pid 0: none */
} retained_state;

static retained_state *kept;
static muse_region *region;
static muse_counter_slot slot;
static pid_t parent;
static const char *state_dir; /* NULL: there is none */

muse_region *muse_process_region(void)
{
    return region;
}

const char *muse_process_socket(int index)
{
    return kept && kept->paths[index][0] ? kept->paths[index] : NULL;
}

void muse_process_count(muse_counter counter)
{
    if (region) {
        muse_counters_add(region, slot, counter, 1);
    }
}

void muse_process_time(muse_histogram histogram, uint64_t microseconds)
{
    if (region) {
        muse_histogram_add(region, slot, histogram, microseconds);
    }
}

/* ---- the region ---- */

static apr_status_t close_region(void *unused)
{
    (void)unused;
    muse_region_detach(region);
    region = NULL;
    return APR_SUCCESS;
}

/* The region from before the restart, which may have been one with another build of this module. */
static muse_status open_kept(server_rec *s)
{
    const muse_status status = muse_region_attach(kept->region_fd, &region);

    if (status != MUSE_OK) {
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, s,
                     "MUSE0014: the cache from before the restart is left behind: %s; it begins "
                     "empty, and pages are written again as visitors ask for them; after an "
                     "upgrade this is as it should be",
                     muse_status_text(status));
    }
    return status;
}

static void open_region(apr_pool_t *pconf, server_rec *s)
{
    const uint64_t store_bytes = (uint64_t)muse_config_global()->shared_memory;
    muse_status status = MUSE_EVERSION;

    if (kept->region_fd >= 0 && kept->store_bytes == store_bytes) {
        status = open_kept(s);
    }
    if (status != MUSE_OK) {
        const muse_region_config config = {.store_bytes = store_bytes};

        if (kept->region_fd >= 0) {
            close(kept->region_fd);
            kept->region_fd = -1;
        }
        status = muse_region_create(&config, &region);
    }
    if (status != MUSE_OK) {
        region = NULL;
        ap_log_error(APLOG_MARK, APLOG_CRIT, status == MUSE_ESYSTEM ? errno : 0, s,
                     "MUSE0010: no shared memory of %" APR_UINT64_T_FMT " bytes: %s; .ai pages "
                     "are answered 503; check MuseAiSharedMemory and the memory limits of this "
                     "host",
                     (apr_uint64_t)store_bytes, muse_status_text(status));
        return;
    }
    if (kept->region_fd < 0) {
        kept->region_fd = fcntl(muse_region_fd(region), F_DUPFD_CLOEXEC, 0);
        kept->store_bytes = store_bytes;
    }
    apr_pool_cleanup_register(pconf, NULL, close_region, apr_pool_cleanup_null);
}

/* ---- the listening sockets ---- */

static void close_socket(int i)
{
    if (kept->listeners[i] >= 0) {
        close(kept->listeners[i]);
        unlink(kept->paths[i]);
        kept->listeners[i] = -1;
    }
    kept->paths[i][0] = '\0';
}

/* Removes sockets that a killed httpd left in the folder: their names hold its process id. */
static void remove_left_sockets(apr_pool_t *p, const char *folder)
{
    apr_dir_t *dir;
    apr_finfo_t file;

    if (apr_dir_open(&dir, folder, p) != APR_SUCCESS) {
        return;
    }
    while (apr_dir_read(&file, APR_FINFO_NAME, dir) == APR_SUCCESS) {
        if (!strncmp(file.name, "muse-ai.", 8)) {
            const pid_t owner = (pid_t)apr_atoi64(file.name + 8);

            if (owner == parent || (owner > 0 && kill(owner, 0) != 0 && errno == ESRCH)) {
                unlink(apr_pstrcat(p, folder, "/", file.name, NULL));
            }
        }
    }
    apr_dir_close(dir);
}

/* -1 with errno when there is no such socket. Only `User` may connect to it. */
static int listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const mode_t mask = umask(0177);
    int ok;
    int error;

    apr_cpystrn(address.sun_path, path, sizeof address.sun_path);
    ok = fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 &&
         (geteuid() != 0 || chown(path, ap_unixd_config.user_id, ap_unixd_config.group_id) == 0) &&
         listen(fd, 4096) == 0;
    error = errno;
    umask(mask);
    if (!ok && fd >= 0) {
        close(fd);
    }
    errno = error;
    return ok ? fd : -1;
}

/* Of one from before the restart: its file may have been removed, and `User` be another one now. */
static int is_reachable(int i)
{
    struct stat file;

    return kept->listeners[i] >= 0 && lstat(kept->paths[i], &file) == 0 && S_ISSOCK(file.st_mode) &&
           (geteuid() != 0 || file.st_uid == ap_unixd_config.user_id);
}

static void open_sockets(apr_pool_t *ptemp, server_rec *s)
{
    const char *folder = ap_runtime_dir_relative(ptemp, "");
    const int engines = muse_config_global()->engines;
    int i;

    if (!kept->known) {
        remove_left_sockets(ptemp, folder);
        kept->known = 1;
    }
    for (i = 0; i < engines; i++) {
        const char *path = apr_psprintf(ptemp, "%s%smuse-ai.%" APR_PID_T_FMT ".%d.sock", folder,
                                        folder[strlen(folder) - 1] == '/' ? "" : "/", parent, i);

        if (is_reachable(i)) {
            continue;
        }
        close_socket(i);
        if (strlen(path) < sizeof kept->paths[i]) {
            apr_cpystrn(kept->paths[i], path, sizeof kept->paths[i]);
            kept->listeners[i] = listen_at(path);
        } else {
            errno = ENAMETOOLONG;
        }
        if (kept->listeners[i] < 0) {
            kept->paths[i][0] = '\0';
            ap_log_error(APLOG_MARK, APLOG_CRIT, errno, s,
                         "MUSE0011: can't listen at %s, so engine %d has no work; set "
                         "DefaultRuntimeDir to a folder with a short path that httpd can write",
                         path, i);
        }
    }
    for (; i < MUSE_ENGINES_MAX; i++) {
        close_socket(i);
    }
}

/* ---- the supervisor ---- */

static void start_supervisor(apr_pool_t *p, server_rec *s, int wait);

/*
 * Whether httpd's parent watches the supervisor. APR takes it from its list by itself when the pool
 * goes, which may be before our own clean-up, and crashes when it is to take away what is not
 * there.
 */
static int watched;

static uint64_t supervisor_began; /* or will: muse_clock_ms */
static unsigned supervisor_ends;  /* in a row without MUSE_PROVEN_AFTER of service */

/* The ms before the next one: none where this one had worked for a while. */
static int backoff(void)
{
    const uint64_t proven = supervisor_began + MUSE_PROVEN_AFTER;

    supervisor_ends = muse_clock_ms() >= proven ? 0 : supervisor_ends + 1;
    return supervisor_ends ? (int)muse_supervisor_backoff(supervisor_ends, MUSE_BACKOFF_MOST) : 0;
}

static void unwatch_supervisor(void *data)
{
    if (watched) {
        apr_proc_other_child_unregister(data);
    }
}

/* In httpd's parent, from its main loop or when the configuration is cleared. */
static void supervisor_event(int reason, void *data, apr_wait_t status)
{
    server_rec *s = data;
    int state = AP_MPMQ_STOPPING;

    (void)status;
    if (reason == APR_OC_REASON_UNREGISTER) {
        watched = 0;
    }
    if (reason == APR_OC_REASON_DEATH || reason == APR_OC_REASON_LOST) {
        unwatch_supervisor(data);
        if (kept->lifeline >= 0) {
            close(kept->lifeline);
            kept->lifeline = -1;
        }
        if (ap_mpm_query(AP_MPMQ_MPM_STATE, &state) == APR_SUCCESS && state != AP_MPMQ_STOPPING) {
            const int wait = backoff();

            ap_log_error(APLOG_MARK, APLOG_ERR, 0, s,
                         "MUSE0012: the engines' supervisor has ended; it is started again in %d "
                         "ms, cached pages are served meanwhile",
                         wait);
            start_supervisor(s->process->pconf, s, wait);
        }
    }
}

static void watch_supervisor(apr_pool_t *p, server_rec *s)
{
    apr_proc_other_child_register(&kept->supervisor, supervisor_event, s, NULL, p);
    watched = 1;
}

static void leaving_event(int reason, void *data, apr_wait_t status)
{
    (void)status;
    if (reason == APR_OC_REASON_DEATH || reason == APR_OC_REASON_LOST) {
        ((apr_proc_t *)data)->pid = 0;
        apr_proc_other_child_unregister(data);
    }
}

/*
 * Tells httpd of the supervisors from before the restart, so that it takes none for a stranger.
 * Should there be more than LEAVING_MOST, the ones over that are logged as such and do no harm.
 */
static void register_leaving(apr_pool_t *pconf)
{
    int i;

    for (i = 0; i < LEAVING_MOST; i++) {
        apr_proc_t *leaving = &kept->leaving[i];

        if (!leaving->pid && kept->lifeline >= 0 && kept->supervisor.pid) {
            *leaving = kept->supervisor;
            kept->supervisor.pid = 0;
        }
        if (leaving->pid) {
            apr_proc_other_child_register(leaving, leaving_event, leaving, NULL, pconf);
        }
    }
}

static void start_supervisor(apr_pool_t *p, server_rec *s, int wait)
{
    int ends[2];
    apr_status_t rv;
    const int previous = kept->lifeline;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        ap_log_error(APLOG_MARK, APLOG_CRIT, errno, s,
                     "MUSE0013: no engine can be started: no socket pair");
        return;
    }
    rv = apr_proc_fork(&kept->supervisor, p);
    if (rv == APR_INCHILD) {
        const muse_supervisor_plan plan = {.server = s,
                                           .region = region,
                                           .listeners = kept->listeners,
                                           .engines = muse_config_global()->engines,
                                           .wait = wait,
                                           .state_dir = state_dir,
                                           .lifeline = ends[1],
                                           .previous_lifeline = previous};

        close(ends[0]);
        ap_close_listeners();
        muse_supervisor_run(p, &plan);
    }
    close(ends[1]);
    if (rv != APR_INPARENT) {
        close(ends[0]);
        ap_log_error(APLOG_MARK, APLOG_CRIT, rv, s,
                     "MUSE0013: no engine can be started: no "
                     "process for their supervisor");
        return;
    }
    if (previous >= 0) {
        close(previous); /* the new supervisor holds it until its engines serve */
    }
    kept->lifeline = ends[0];
    supervisor_began = muse_clock_ms() + (uint64_t)wait;
    watch_supervisor(p, s);
}

/* The configuration is cleared: a restart, or the end. */
static apr_status_t before_restart(void *data)
{
    int i;

    if (getpid() != parent) {
        return APR_SUCCESS;
    }
    if (kept->lifeline >= 0) {
        unwatch_supervisor(data);
        (void)!send(kept->lifeline, "r", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_EXITING) {
        for (i = 0; i < MUSE_ENGINES_MAX; i++) {
            close_socket(i);
        }
    }
    return APR_SUCCESS;
}

int muse_process_start(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s)
{
    int i;

    (void)plog;
    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG ||
        ap_state_query(AP_SQ_RUN_MODE) == AP_SQ_RM_CONFIG_TEST) {
        return OK;
    }
    parent = getpid();
    kept = ap_retained_data_get(RETAINED);
    if (!kept) {
        kept = ap_retained_data_create(RETAINED, sizeof *kept);
        kept->region_fd = kept->lifeline = -1;
        for (i = 0; i < MUSE_ENGINES_MAX; i++) {
            kept->listeners[i] = -1;
        }
    }
    muse_backends_name(pconf, s);
    open_region(pconf, s);
    if (!region) {
        return OK;
    }
    open_sockets(ptemp, s);
    state_dir = muse_budget_file_folder(pconf, s);
    register_leaving(pconf);
    start_supervisor(pconf, s, 0);
    apr_pool_cleanup_register(pconf, s, before_restart, apr_pool_cleanup_null);
    return OK;
}

void muse_process_child(apr_pool_t *pchild, server_rec *s)
{
    int i;

    (void)pchild;
    (void)s;
    if (region) {
        slot = muse_counters_claim(region);
    }
    if (kept && getpid() != parent) { /* with -X, the parent serves itself */
        if (kept->lifeline >= 0) {
            close(kept->lifeline);
            kept->lifeline = -1;
        }
        for (i = 0; i < MUSE_ENGINES_MAX; i++) {
            if (kept->listeners[i] >= 0) {
                close(kept->listeners[i]);
                kept->listeners[i] = -1;
            }
        }
    }
}
