/* MuseAiSecurityAllowedOrigins: whose scripts may read what is answered here (CORS). */
#ifndef MUSE_ORIGIN_H
#define MUSE_ORIGIN_H

#include <httpd.h>

/* Each request, fixups. */
int muse_origin_fixup(request_rec *r);

#endif
