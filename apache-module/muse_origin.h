/* MuseAiSecurityAllowedOrigins: whose scripts may read what is answered here (CORS). */
#ifndef MUSE_ORIGIN_H
#define MUSE_ORIGIN_H

#include <httpd.h>

/* Whether it is named, or all are. */
int muse_origin_is_allowed(const request_rec *r, const char *origin);

/* Each request, fixups. */
int muse_origin_fixup(request_rec *r);

#endif
