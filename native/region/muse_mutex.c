#include "muse_mutex.h"

#include <errno.h>
#include <stdatomic.h>
#include <time.h>

#include "muse_clock.h"

enum { WAIT_NS = 500 * 1000 * 1000, SECOND_NS = 1000 * 1000 * 1000, STUCK_MS = 5000 };

int muse_mutex_init(pthread_mutex_t *mutex)
{
    pthread_mutexattr_t attributes;
    int error = pthread_mutexattr_init(&attributes);

    if (error) {
        return error;
    }
    error = pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    if (!error) {
        error = pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    }
    if (!error) {
        error = pthread_mutex_init(mutex, &attributes);
    }
    pthread_mutexattr_destroy(&attributes);
    return error;
}

/* The one that could last not be had in time, and until when nobody here waits for it again. */
static _Atomic(pthread_mutex_t *) stuck;
static _Atomic uint64_t stuck_until;

/*
 * Nobody sets the monotonic clock. Where there is no such call (or ThreadSanitizer does not know
 * it, and would see no lock), a wall clock that is set back makes the wait longer.
 */
#if defined(__GLIBC__) && !defined(__SANITIZE_THREAD__)
#define HAS_CLOCKLOCK __GLIBC_PREREQ(2, 30)
#else
#define HAS_CLOCKLOCK 0
#endif

static int wait_for(pthread_mutex_t *mutex)
{
    struct timespec until;
#if HAS_CLOCKLOCK
    const clockid_t clock = CLOCK_MONOTONIC;
#else
    const clockid_t clock = CLOCK_REALTIME;
#endif

    clock_gettime(clock, &until);
    until.tv_nsec += WAIT_NS;
    if (until.tv_nsec >= SECOND_NS) {
        until.tv_nsec -= SECOND_NS;
        until.tv_sec++;
    }
#if HAS_CLOCKLOCK
    return pthread_mutex_clocklock(mutex, clock, &until);
#else
    return pthread_mutex_timedlock(mutex, &until);
#endif
}

int muse_mutex_lock(pthread_mutex_t *mutex)
{
    int error = pthread_mutex_trylock(mutex);

    if (error != EBUSY) {
        if (stuck == mutex) {
            stuck = NULL;
        }
        return error;
    }
    if (stuck == mutex && muse_clock_ms() < stuck_until) {
        return ETIMEDOUT;
    }
    error = wait_for(mutex);
    if (error == ETIMEDOUT) {
        stuck_until = muse_clock_ms() + STUCK_MS;
        stuck = mutex;
    }
    return error;
}

void muse_mutex_repaired(pthread_mutex_t *mutex)
{
    (void)pthread_mutex_consistent(mutex);
}

void muse_mutex_unlock(pthread_mutex_t *mutex)
{
    (void)pthread_mutex_unlock(mutex);
}
