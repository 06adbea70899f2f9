/*
 * The status page. An engine makes it, and its events; when none can, a plain one is made here.
 * And the block that mod_status shows of this module.
 */
#ifndef MUSE_STATUS_H
#define MUSE_STATUS_H

#include <httpd.h>

#include "muse_snapshot.h"

/* Child, handler: what it returns. */
int muse_status_run(request_rec *r, const muse_snapshot *snapshot);

/* When hooks are registered: the block on mod_status, where that is loaded. */
void muse_status_register(void);

#endif
