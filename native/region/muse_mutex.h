/* A mutex in shared memory that survives the death of its owner. */
#ifndef MUSE_MUTEX_H
#define MUSE_MUTEX_H

#include <pthread.h>

/* 0 or an errno. */
int muse_mutex_init(pthread_mutex_t *mutex);

/*
 * Locks; waits half a second at most, so that an owner that was stopped costs others a miss and not
 * their threads. Who has waited in vain does not wait for the same one again for some seconds: the
 * engine has one thread, and many pages are in one shard. 0; EOWNERDEAD: locked, repair what it
 * guards, then muse_mutex_repaired; another errno: not locked.
 */
int muse_mutex_lock(pthread_mutex_t *mutex);

/* After EOWNERDEAD, once what the mutex guards is whole again. */
void muse_mutex_repaired(pthread_mutex_t *mutex);

void muse_mutex_unlock(pthread_mutex_t *mutex);

#endif
