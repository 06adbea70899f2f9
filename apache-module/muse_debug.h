/* MuseAiDebug: our lines at level debug, where LogLevel does not ask for them. */
#ifndef MUSE_DEBUG_H
#define MUSE_DEBUG_H

#include <httpd.h>

/* Parent, post_config, before the engines are told their level. */
int muse_debug_raise(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s);

#endif
