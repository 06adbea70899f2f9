/* What a browser sends at the command of another site's page. */
#ifndef MUSE_CROSS_SITE_H
#define MUSE_CROSS_SITE_H

#include <httpd.h>

/*
 * Whether this request may change or cost something, and a browser says that a page of another site
 * made it, which MuseAiSecurityAllowedOrigins does not name. Logs it then.
 */
int muse_cross_site_is(request_rec *r);

/* Hook, handler, before those that answer: 403 for pages. The door asks by itself. */
int muse_cross_site_run(request_rec *r);

#endif
