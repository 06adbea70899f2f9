/* Answers from the page store, without any engine. */
#ifndef MUSE_CACHED_H
#define MUSE_CACHED_H

#include "muse_request.h"

typedef enum {
    MUSE_CACHED_NONE = 0,
    MUSE_CACHED_FRESH,
    MUSE_CACHED_STALE, /* within MuseAiCacheStale: to be served, and written anew meanwhile */
    MUSE_CACHED_SPARE  /* within MuseAiCacheStaleOnError: to stand in for a failure */
} muse_cached_state;

typedef struct {
    muse_cached_state state;
    uint64_t now;         /* when it was looked for, by muse_clock_ms() */
    muse_key key;         /* of the content */
    muse_entry_info info; /* of the content; fresh_until also honours the page's own time */
    uint8_t *bytes;       /* head, then body; in r->pool; NULL for a spare one not asked for */
} muse_cached;

/*
 * Whether the store may answer this at all: it has pages, and events are made by an engine, which
 * reads them from the same store.
 */
int muse_cached_may_serve(const muse_request *q);

/*
 * Follows the page key to an answer. The bytes of a spare one are copied only where want_spare
 * says so: they would lie there for as long as the engine takes. Returns found->state.
 */
muse_cached_state muse_cached_find(const muse_request *q, int want_spare, muse_cached *found);

/*
 * Answers with it: GET or HEAD, 304 where the client has it already. failed: 0, or the status that
 * a stale answer stands in for. Passes the whole body to the output filters at once; may block as
 * they may. The handler's return value.
 */
int muse_cached_send(const muse_request *q, const muse_cached *found, int failed);

#endif
