/*
 * What became of requests for pages: counted for administrators, and noted for LogFormat as
 * %{muse-cache}n, -model, -tokens, -cost, -ttfb and -key.
 *
 * Each request is counted once, with its outcome; where an engine had it, its times are as well.
 */
#ifndef MUSE_TALLY_H
#define MUSE_TALLY_H

#include "muse_cached.h"
#include "muse_request.h"

/* Answered from the store; what is stored of its writing is in r->notes already. */
void muse_tally_cached(const muse_request *q, const muse_cached *found);

/* Over the client's limit. */
void muse_tally_limited(request_rec *r);

/* Failed with an error status. */
void muse_tally_error(request_rec *r);

/* The answer from an engine begins. */
apr_time_t muse_tally_begun(const muse_request *q);

/*
 * It has ended: begun_at is what muse_tally_begun gave, or 0; whole, whether it ended in order or
 * the visitor ended it.
 */
void muse_tally_ended(const muse_request *q, apr_time_t begun_at, int whole);

/*
 * What an engine says of its answer for the notes: in the answer's head, out of which they are
 * taken here, and beside its body as "muse-NAME VALUE".
 */
void muse_tally_head(request_rec *r);
void muse_tally_note(request_rec *r, const char *text);

#endif
