/* The rate limit of a request's client. */
#ifndef MUSE_LIMIT_H
#define MUSE_LIMIT_H

#include <httpd.h>

#include "muse_region.h"

/*
 * One take from the client's bucket, where a limit is in force. OK, or the status to answer with;
 * Retry-After, RateLimit and RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers) are set then.
 * The client is r->useragent_ip, so mod_remoteip says who that is; IPv6 counts by /64. With a name,
 * it is whoever has that name, from wherever.
 */
int muse_limit_take(request_rec *r, muse_region *region, const char *name);

#endif
