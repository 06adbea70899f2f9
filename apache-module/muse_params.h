/* What the engine is told of a request: FastCGI parameters. */
#ifndef MUSE_PARAMS_H
#define MUSE_PARAMS_H

#include <apr_tables.h>

#include "muse_request.h"

/*
 * In p. Besides CGI's own (RFC 3875): MUSE_PAGE_KEY, MUSE_MODEL, MUSE_MODEL_DEFAULT,
 * MUSE_BACKEND, MUSE_CACHE (on, off or bypass), MUSE_CACHE_TTL, MUSE_CACHE_STALE,
 * MUSE_STALE, MUSE_REFRESH, MUSE_PROMPT, MUSE_DOOR, MUSE_PROMPTS_DIR, MUSE_PROMPTS_MINIFY,
 * MUSE_MAX_TOKENS, MUSE_TIMEOUT and MUSE_ENV_name. Nothing else of the request reaches a prompt, so
 * that the page key covers all that does; what has a body has none.
 */
apr_table_t *muse_params_make(apr_pool_t *p, const muse_request *q);

#endif
