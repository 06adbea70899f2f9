/*
 * Purging: what was kept before is not to be served any more.
 *
 * A page is known by its tag, a key made of its file's name. The head of every alias begins with
 * the tag of its page, so that all variants of a page are found. Purging it takes them away, with
 * the answers that they name, and leaves a mark: an entry under the tag itself, whose stored_at is
 * the time of the purge. Who has an answer from elsewhere (the engine by a content key, or one that
 * it was writing meanwhile) looks for the mark after storing it, and takes back what is not after
 * it: whichever comes first, store or purge, nothing from before stays.
 */
#ifndef MUSE_PURGE_H
#define MUSE_PURGE_H

#include "muse_store.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Purges one page. *purged: how many of its variants there were. Holds each shard's lock for as
 * long as it takes to look through it. MUSE_OK; MUSE_ESYSTEM when the lock of a shard could not be
 * had, so that something of the page may be left: to be tried again.
 */
muse_status muse_purge_page(muse_region *region, const muse_key *tag, uint64_t now_ms,
                            uint64_t *purged);

/*
 * Purges all pages: raises the epoch, by which the engine knows what it was writing meanwhile, and
 * empties the store. *purged: how many entries there were. MUSE_OK or MUSE_ESYSTEM as above.
 */
muse_status muse_purge_all(muse_region *region, uint64_t *purged);

#ifdef __cplusplus
}
#endif
#endif
