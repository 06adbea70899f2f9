#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <apr_strings.h>

#include "muse_config.h"
#include "muse_confine.h"
#include "muse_settings.h"
#include "muse_spawn.h"

/* What the engine finds behind these numbers is the contract between the two. */
enum { FD_LISTENER = 3, FD_REGION = 4, FD_CONTROL = 5, FD_COUNT = 6 };

/* NULL when the file can be used as `mode` says, else what is wrong, with the directive's place. */
static const char *unusable(apr_pool_t *p, const char *directive, const char *path,
                            const char *where, int mode)
{
    if (access(path, mode) == 0) {
        return NULL;
    }
    return apr_psprintf(p,
                        "no engine can be started: %s %s (%s): %s; the file must be %s for the "
                        "User of this httpd, and so must all folders above it",
                        directive, path, where ? where : "the built-in default", strerror(errno),
                        mode == X_OK ? "executable" : "readable");
}

/* In the new process, between fork and exec: only async-signal-safe calls. */
static void become_engine(const int from[FD_COUNT], int dumpable, char *const argv[],
                          char *const env[])
{
    int high[FD_COUNT];
    sigset_t none;
    struct rlimit limit;
    int i;

    /* First out of the way of the numbers 0 … 5, then onto them. */
    for (i = 0; i < FD_COUNT; i++) {
        high[i] = fcntl(from[i], F_DUPFD, FD_COUNT);
    }
    for (i = 0; i < FD_COUNT; i++) {
        dup2(high[i], i);
    }
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > 65536) {
        limit.rlim_cur = 65536;
    }
    for (i = FD_COUNT; i < (int)limit.rlim_cur; i++) {
        close(i);
    }
    /* A stopped engine could not see its control socket close. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    muse_confine_self(dumpable);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    for (i = 1; i < NSIG; i++) {
        signal(i, SIG_DFL);
    }
    execve(argv[0], argv, env);
    _exit(127);
}

static char *const *arguments(apr_pool_t *p, server_rec *s)
{
    const muse_global_config *global = muse_config_global();
    const char *const *options = muse_confine_options(s, global->node);
    apr_array_header_t *list = apr_array_make(p, 10, sizeof(const char *));

    APR_ARRAY_PUSH(list, const char *) = global->node;
    for (; *options; options++) {
        APR_ARRAY_PUSH(list, const char *) = *options;
    }
    APR_ARRAY_PUSH(list, const char *) = global->engine;
    APR_ARRAY_PUSH(list, const char *) = NULL;
    return (char *const *)(void *)list->elts;
}

const char *muse_spawn(apr_pool_t *p, server_rec *s, int index, int listener, int region_fd,
                       muse_child *child)
{
    const muse_global_config *global = muse_config_global();
    const char *settings = muse_settings_json(p, s, index);
    const char *const *env = muse_settings_environment(p);
    const char *error = unusable(p, "MuseAiNode", global->node, global->node_where, X_OK);
    int log[2] = {-1, -1};
    int control[2] = {-1, -1};
    const int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    const int dumpable = muse_confine_is_dumpable();
    char *const *argv = NULL;
    pid_t pid = -1;

    memset(child, 0, sizeof *child);
    if (!error) {
        error = unusable(p, "MuseAiEngine", global->engine, global->engine_where, R_OK);
    }
    if (!error) {
        argv = arguments(p, s);
    }
    if (!error &&
        (null < 0 || !(child->settings = strdup(settings)) || pipe2(log, O_CLOEXEC) != 0 ||
         socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control) != 0 || (pid = fork()) < 0)) {
        error = apr_psprintf(p, "no engine can be started: %s", strerror(errno));
    }
    if (pid == 0) {
        const int from[FD_COUNT] = {null, log[1], log[1], listener, region_fd, control[1]};

        become_engine(from, dumpable, argv, (char *const *)(uintptr_t)env);
    }
    close(null);
    if (log[1] >= 0) {
        close(log[1]);
    }
    if (control[1] >= 0) {
        close(control[1]);
    }
    if (error) {
        if (log[0] >= 0) {
            close(log[0]);
        }
        if (control[0] >= 0) {
            close(control[0]);
        }
        free(child->settings);
        child->settings = NULL;
        return error;
    }
    fcntl(log[0], F_SETFL, O_NONBLOCK);
    child->pid = pid;
    child->log = log[0];
    child->control = control[0];
    muse_spawn_tell(child);
    return NULL;
}

void muse_spawn_tell(muse_child *child)
{
    size_t left = child->settings ? strlen(child->settings + child->sent) : 0;

    while (left) {
        const ssize_t n =
            send(child->control, child->settings + child->sent, left, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n < 0 && errno == EAGAIN) {
            return; /* those of many virtual hosts: the engine has to read them first */
        }
        if (n < 0 && errno != EINTR) {
            break; /* it has ended */
        }
        child->sent += n > 0 ? (size_t)n : 0;
        left -= n > 0 ? (size_t)n : 0;
    }
    free(child->settings);
    child->settings = NULL;
}
