/*
 * The file that keeps budgets over restarts: `budgets` in MuseAiStateDir, written by the supervisor
 * as User, whole and by a rename, so that it is never half there.
 *
 *     muse-ai-budgets 1 OWNER
 *     DAY UNIT LIMIT USED NAME
 *
 * OWNER names the region that the numbers come from. A supervisor that finds another one has been
 * followed by another httpd, and writes no more.
 */
#ifndef MUSE_BUDGET_FILE_H
#define MUSE_BUDGET_FILE_H

#include <httpd.h>

#include "muse_region.h"
#include "muse_text.h"

enum { MUSE_BUDGET_FILE_EVERY = 500 }; /* ms between two looks at what is to be written */

typedef struct {
    server_rec *server;
    muse_region *region;
    const char *folder; /* NULL: there is none */
    char owner[64];
    muse_text written; /* what the file says, as far as we wrote it */
    int leaving;       /* whether another one may be taking it over: set by the supervisor */
    int left;          /* whether it is another's */
    int failing;       /* whether that was said */
    uint64_t next;     /* muse_clock_ms of the next look */
} muse_budget_file;

/*
 * httpd's parent, with its rights: makes the folder, for User alone. Its path; NULL when it can't
 * be used, which is said.
 */
const char *muse_budget_file_folder(apr_pool_t *p, server_rec *s);

/* The supervisor, as User: takes what the file says into the region, unless it came from there. */
void muse_budget_file_open(muse_budget_file *file, server_rec *s, muse_region *region,
                           const char *folder);

/* Writes what has changed; not again within MUSE_BUDGET_FILE_EVERY unless `now` is set. */
void muse_budget_file_save(muse_budget_file *file, int now);

#endif
