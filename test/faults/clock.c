/*
 * Preloaded into httpd and the engine: sets their wall clock, and nobody else's, by the seconds in
 * the file that MUSE_AI_TEST_CLOCK names. What only the kernel knows of (the times of files, a wait
 * until a moment of the wall clock) stays as it is.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const int64_t not_set;
static const volatile int64_t *set_by = &not_set;

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("MUSE_AI_TEST_CLOCK");
    const int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *seconds = MAP_FAILED;

    if (fd >= 0) {
        seconds = mmap(NULL, sizeof *set_by, PROT_READ, MAP_SHARED, fd, 0);
        close(fd);
    }
    if (seconds != MAP_FAILED) {
        set_by = seconds;
    }
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    const int error = (int)syscall(SYS_clock_gettime, clock, now);

    if (!error && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        now->tv_sec += *set_by;
    }
    return error;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec precise;

    (void)zone;
    clock_gettime(CLOCK_REALTIME, &precise);
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *where)
{
    struct timespec precise;

    clock_gettime(CLOCK_REALTIME, &precise);
    if (where) {
        *where = precise.tv_sec;
    }
    return precise.tv_sec;
}
