/*
 * What lives as long as httpd does: the region, the engines' listening sockets and the supervisor.
 * All three are kept across graceful restarts.
 */
#ifndef MUSE_PROCESS_H
#define MUSE_PROCESS_H

#include <httpd.h>

#include "muse_counters.h"
#include "muse_region.h"

/*
 * Parent, post_config: makes or takes over the region and the sockets, starts the supervisor. What
 * fails is logged and leaves pages unanswered (503), never httpd unstarted: always OK.
 */
int muse_process_start(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s);

/* Each child, child_init: claims its counters and closes what is the parent's alone. */
void muse_process_child(apr_pool_t *pchild, server_rec *s);

/* The region, or NULL when it could not be made. Any thread. */
muse_region *muse_process_region(void);

/* Path of the socket of engine `index` (0 … engines-1), or NULL when it could not be made. */
const char *muse_process_socket(int index);

/* Adds 1 to a counter, or a time to a histogram, in this process's slot. Any thread, no lock. */
void muse_process_count(muse_counter counter);
void muse_process_time(muse_histogram histogram, uint64_t microseconds);

#endif
