/* The way of one request through httpd, in order. */
#ifndef MUSE_HANDLER_H
#define MUSE_HANDLER_H

#include <httpd.h>

/* Child, handler: answers pages; DECLINED for all else. */
int muse_handler_run(request_rec *r);

#endif
