/*
 * Pages for administrators, each by its handler: muse-ai-status, muse-ai-metrics and
 * muse-ai-health. The last two are made here, from the region alone, so that they tell the truth
 * when no engine runs.
 */
#ifndef MUSE_ADMIN_H
#define MUSE_ADMIN_H

#include <httpd.h>

/* Child, handler: answers these pages; DECLINED for all else. */
int muse_admin_run(request_rec *r);

#endif
