/* Answers from the page store, without any engine. */
#ifndef MUSE_CACHED_H
#define MUSE_CACHED_H

#include "muse_request.h"

typedef struct {
    muse_entry_info info; /* of the content; fresh_until also honours the page's own time */
    uint8_t *bytes;       /* head, then body; in r->pool */
} muse_cached;

/* Follows the page key to a fresh answer: MUSE_OK, or MUSE_MISS. */
muse_status muse_cached_find(const muse_request *q, muse_cached *found);

/*
 * Answers with it: GET or HEAD, 304 where the client has it already. Passes the whole body to the
 * output filters at once; may block as they may. The handler's return value.
 */
int muse_cached_send(const muse_request *q, const muse_cached *found);

#endif
