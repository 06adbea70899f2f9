/*
 * Waiting for many, with one thread in each child: an epoll set of engines' and visitors' sockets
 * and a few lists of deadlines. What has something to do is run on a thread of the MPM.
 *
 *   muse_watch_arm ──▶ ARMED ──(readable, writable, left, late)──▶ READY ──▶ RUNNING
 *        ▲          the I/O thread's                            in a queue   one MPM thread's
 *        └────────────────────────────────────────────────────────────────────┘
 *
 * A watch has exactly one owner at any time: the I/O thread while it is armed or ready (and then
 * only state, lists and deadlines change, under one mutex), after that the MPM thread that runs it,
 * until it arms it again or drops it. So whoever runs needs no lock for what belongs to the watch,
 * and the mutex makes what one owner wrote visible to the next. Sockets may report at any time: a
 * report has the name of its watch (muse_slots), not its address; one that is not armed, or no
 * longer there, is passed over; the next arming asks the kernel anew.
 */
#ifndef MUSE_WATCH_H
#define MUSE_WATCH_H

#include <apr_ring.h>
#include <httpd.h>

/* Why a watch runs; several may hold. */
enum {
    MUSE_WOKE_ENGINE = 1,  /* the engine's socket is ready or broken */
    MUSE_WOKE_VISITOR = 2, /* the visitor's is ready as asked for */
    MUSE_WOKE_LEFT = 4,    /* the visitor has closed its side, or the connection is broken */
    MUSE_WOKE_LATE = 8,    /* is_late said so */
    MUSE_WOKE_STOP = 16    /* the child ends: nothing can be armed any more */
};

/*
 * For ap_mpm_register_timed_callback: now. The MPM wakes its listener only for a timer that ends
 * 10 ms before all others, so this one has ended long ago.
 */
#define MUSE_WATCH_AT_ONCE (-APR_USEC_PER_SEC / 20)

typedef struct muse_watch muse_watch;

/* Embedded in what is watched. The fields are muse_watch.c's. */
struct muse_watch {
    APR_RING_ENTRY(muse_watch) link; /* in a list of deadlines or in the queue of the ready */
    uint64_t deadline;
    uint32_t slot;
    unsigned woke;
    int state;
    int patience;  /* index of the list of deadlines */
    int engine_fd; /* what the epoll set has of this watch and is still to report, or -1 */
    int visitor_fd;
    unsigned visitor_events;
};

/* What is to be waited for. */
typedef struct {
    int engine_fd; /* -1: not for the engine */
    unsigned engine_events;
    int visitor_fd; /* the same from the first arming to the drop; its leaving always wakes */
    unsigned visitor_events;
    int patience; /* ms, at the most, until is_late is asked; and again as long as it says no */
} muse_watch_for;

/* run: on an MPM thread, as the owner. is_late: on the I/O thread; quick, and changes nothing. */
typedef struct {
    void (*run)(muse_watch *watch, unsigned woke);
    int (*is_late)(const muse_watch *watch, uint64_t now);
} muse_watch_calls;

/* Child, child_init, on an MPM that can suspend; else muse_watch_runs stays 0. */
void muse_watch_child(apr_pool_t *pchild, server_rec *s, const muse_watch_calls *calls);

int muse_watch_runs(void);

/* A place for a watch, once, before it is armed. Its owner is then the caller. */
void muse_watch_add(muse_watch *watch);

/* Gives the watch away: when this returns, another thread may run it already. */
void muse_watch_arm(muse_watch *watch, const muse_watch_for *what);

/* Gives it away to be run again at once, with the same reasons. */
void muse_watch_again(muse_watch *watch, unsigned woke);

/* It will never run again; the owner may free it. */
void muse_watch_drop(muse_watch *watch);

#endif
