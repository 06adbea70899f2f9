/* Answers that were not for everybody. */
#ifndef MUSE_PRIVACY_H
#define MUSE_PRIVACY_H

#include <httpd.h>

/*
 * Adds private to Cache-Control where httpd knows who the visitor is: no cache that is shared by
 * several may keep what not everybody may see (RFC 9111, section 5.2.2.7).
 */
void muse_privacy_mark(request_rec *r);

#endif
