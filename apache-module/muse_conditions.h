/* What a client that has the page already says: If-None-Match and its like. */
#ifndef MUSE_CONDITIONS_H
#define MUSE_CONDITIONS_H

#include <httpd.h>

/*
 * As ap_meets_conditions, for an answer whose ETag and other headers are set: OK, 304 or 412. A
 * page that mod_deflate or mod_brotli has packed is known again.
 */
int muse_conditions_check(request_rec *r);

#endif
