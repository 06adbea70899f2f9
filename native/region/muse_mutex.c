#include "muse_mutex.h"

#include <errno.h>
#include <time.h>

enum { WAIT_NS = 500 * 1000 * 1000, SECOND_NS = 1000 * 1000 * 1000 };

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

int muse_mutex_lock(pthread_mutex_t *mutex)
{
    struct timespec until;
    int error = pthread_mutex_trylock(mutex);

    if (error != EBUSY) {
        return error;
    }
    /* A clock that is set meanwhile makes the wait longer or shorter, and does no other harm. */
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += WAIT_NS;
    if (until.tv_nsec >= SECOND_NS) {
        until.tv_nsec -= SECOND_NS;
        until.tv_sec++;
    }
    return pthread_mutex_timedlock(mutex, &until);
}

void muse_mutex_repaired(pthread_mutex_t *mutex)
{
    (void)pthread_mutex_consistent(mutex);
}

void muse_mutex_unlock(pthread_mutex_t *mutex)
{
    (void)pthread_mutex_unlock(mutex);
}
