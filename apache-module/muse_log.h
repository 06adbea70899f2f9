/* What goes into httpd's error log: what engines say, and what is not to be said too often. */
#ifndef MUSE_LOG_H
#define MUSE_LOG_H

#include <httpd.h>

#include "muse_region.h"

/* Collects bytes into lines. Not shared between threads. */
typedef struct {
    char line[8192]; /* longer lines are cut */
    size_t length;
} muse_log_lines;

/* Gets one whole line, without its end; level is an APLOG_… level. */
typedef void (*muse_log_sink)(void *context, int level, const char *text);

void muse_log_lines_init(muse_log_lines *lines);

/*
 * Takes bytes, and gives each line that they complete to sink. A line "<N>text" has syslog level
 * N (RFC 5424: 3 error … 7 debug); a line without one is an error, such as a crash's stack trace.
 */
void muse_log_lines_take(muse_log_lines *lines, const char *bytes, size_t length,
                         muse_log_sink sink, void *context);

/* Reads what fd holds (non-blocking) and logs it for server s. 0 once fd is at its end, else 1. */
int muse_log_lines_read(muse_log_lines *lines, int fd, server_rec *s);

/*
 * Whether an event of this kind about this name is to be logged: once a minute over all children,
 * and of many different names, such as somebody makes up to fill a log, no more than a few. The
 * region's limiter remembers. Neither text may be empty.
 */
int muse_log_is_news(muse_region *region, const char *kind, const char *name);

#endif
