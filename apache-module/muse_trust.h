/*
 * What a browser may do with a page that a model has written. The headers that say so are not kept
 * with the page: they are what the configuration says when it is served.
 */
#ifndef MUSE_TRUST_H
#define MUSE_TRUST_H

#include "muse_request.h"

/* The engine's word to httpd, never a visitor's: which scripts a page has, as sources of a policy.
 */
#define MUSE_SCRIPTS_HEADER "Muse-Scripts"

/* Stands in a policy of the administrator's for these. */
#define MUSE_SCRIPTS_MARK "{scripts}"

/*
 * Sets them, but for those that are there already. scripts: what MUSE_SCRIPTS_HEADER says, or NULL.
 * Both have to live as long as the request.
 */
void muse_trust_headers(const muse_request *q, const char *scripts);

#endif
