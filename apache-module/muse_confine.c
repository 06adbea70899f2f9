#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <httpd.h>
#include <http_config.h>
#include <http_log.h>

#include "muse_confine.h"

APLOG_USE_MODULE(muse_ai);

enum { OPTIONS_MOST = 8, PROBE_MOST = 5000 /* ms */ };

/* Pages may lie wherever httpd can read; nothing else of the file system is the engine's. */
#define PERMISSION "--permission", "--allow-fs-read=*", "--allow-addons"
/* What Node warns of is meant so, and no line for the error log. */
#define QUIET "--disable-warning=SecurityWarning", "--disable-warning=ExperimentalWarning"

/* From Node 25 on the network is among what has to be allowed; before, it knows no such option. */
static const char *const with_network[] = {PERMISSION, QUIET, "--allow-net", NULL};
static const char *const without_network[] = {PERMISSION, QUIET, NULL};
static const char *const none[] = {NULL};

/* How the program ended, which is killed when it takes too long; -1: it could not be started. */
static int run(const char *program, const char *const argv[])
{
    static const struct timespec pause = {.tv_nsec = 1000 * 1000};
    static const char *const env[] = {NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t signals;
    int status = -1;
    pid_t pid;
    int waited;
    int fd;

    posix_spawn_file_actions_init(&files);
    for (fd = 0; fd <= 2; fd++) {
        posix_spawn_file_actions_addopen(&files, fd, "/dev/null", fd ? O_WRONLY : O_RDONLY, 0);
    }
    posix_spawnattr_init(&attributes);
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes, &signals);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    if (posix_spawn(&pid, program, &files, &attributes, (char *const *)(uintptr_t)argv,
                    (char *const *)(uintptr_t)env) == 0) {
        for (waited = 0; waitpid(pid, &status, WNOHANG) == 0; waited++) {
            if (waited == PROBE_MOST) {
                kill(pid, SIGKILL);
            }
            (void)nanosleep(&pause, NULL);
        }
    }
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return status;
}

/*
 * Node looks at its options before it does anything, and ends with an error for one it lacks.
 * Negative: it could not be asked.
 */
static int knows(const char *node, const char *const options[])
{
    const char *argv[OPTIONS_MOST + 3] = {node};
    int status;
    int n = 1;

    for (; *options; options++) {
        argv[n++] = *options;
    }
    argv[n] = "--version";
    status = run(node, argv);
    return status < 0 ? -1 : status == 0;
}

const char *const *muse_confine_options(server_rec *s, const char *node)
{
    static int said;

    /* Whoever can't be asked gets all of it: better no engine than one that may do anything. */
    if (knows(node, with_network) != 0) {
        return with_network;
    }
    if (knows(node, without_network) != 0) {
        return without_network;
    }
    /* What is no Node at all will be told of when it does not become an engine. */
    if (!said && knows(node, none) > 0) {
        said = 1;
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, s,
                     "MUSE0102: %s does not know --permission, so an engine that was taken over "
                     "could start programs; use Node.js 22.19 or newer (MuseAiNode)",
                     node);
    }
    return none;
}

int muse_confine_is_dumpable(void)
{
    return prctl(PR_GET_DUMPABLE) == 1;
}

/* ---- Landlock: linux/landlock.h, of which this needs little and an older system has none ---- */

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_restrict_self 446
#endif

enum { LANDLOCK_VERSION = 1 << 0 };

/* All ways to change the file system, which come with versions 1, 2 and 3. */
static const uint64_t writing[] = {
    UINT64_C(1) << 1 | UINT64_C(0x1ff) << 4, /* to open for it, to remove, to make of each kind */
    UINT64_C(1) << 13,                       /* to move or link between folders */
    UINT64_C(1) << 14,                       /* to truncate */
};

/* A ruleset without a rule: all that it speaks of is refused from here on, and to all programs. */
static void write_no_more(void)
{
    const long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_VERSION);
    uint64_t refused = 0;
    int fd;
    int i;

    for (i = 0; i < 3 && i < version; i++) {
        refused |= writing[i];
    }
    if (refused) {
        fd = (int)syscall(SYS_landlock_create_ruleset, &refused, sizeof refused, 0);
        if (fd >= 0) {
            (void)syscall(SYS_landlock_restrict_self, fd, 0);
            close(fd);
        }
    }
}

void muse_confine_self(int dumpable)
{
    static const struct rlimit nothing = {0, 0};

    if (!dumpable) {
        (void)setrlimit(RLIMIT_CORE, &nothing);
    }
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    write_no_more();
}
