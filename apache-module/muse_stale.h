/* Answers from the page store that are past their freshness: when, and who has them renewed. */
#ifndef MUSE_STALE_H
#define MUSE_STALE_H

#include "muse_request.h"

/*
 * A stale page is about to be served: asks an engine to write it anew, unless another thread of
 * any child has done so. Never waits; whether the engine can do it does not matter to this visitor.
 */
void muse_stale_refresh(const muse_request *q);

/*
 * For a request that an engine was asked for and that ended with this handler's return value,
 * before any byte of its answer: where the engine or the provider failed and the store has a copy
 * that may stand in, answers with that. May wait for the visitor as output filters do. The
 * handler's return value.
 */
int muse_stale_instead(const muse_request *q, int status);

#endif
