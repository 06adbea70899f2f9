/*
 * The region: memory that the httpd children and the engine share.
 *
 *   +--------+---------+-----------+----------+----------+---------+---------+---------------+
 *   | header | engines | models    | counters | usage    | budgets | limiter | page store    |
 *   |        | reports | 2 buffers | by slot  | by model | prompts | buckets | shard 0 … n-1 |
 *   +--------+---------+-----------+----------+----------+---------+---------+---------------+
 *
 * One memfd that every process maps at an address of its own, so the layout holds offsets and
 * fixed-width types only. What is locked by what: a page store shard and the prompts by a robust
 * mutex each, the writers of the model table and new names of budgets too; all else is atomic.
 *
 * What is read from the region may have been written by a process that crashed or misbehaves:
 * every length and offset is checked against the handle's own copy of the sizes before use. The
 * mutexes alone are trusted, so a process with more rights than the others (httpd's parent, as
 * root) may create, attach, and use the engines, the counters and the epoch, but not the page
 * store or the prompts, nor publish models, nor enter budgets.
 *
 * The library knows neither APR nor Node-API nor a log. Every function may be called from several
 * threads at once, except muse_region_detach.
 */
#ifndef MUSE_REGION_H
#define MUSE_REGION_H

#include <stddef.h>
#include <stdint.h>

#include "muse_clock.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
    MUSE_OK = 0,
    MUSE_MISS,      /* nothing is stored under this key or name */
    MUSE_TOO_LARGE, /* the entry, name or table does not fit; nothing was changed */
    MUSE_EINVAL,    /* an argument is out of its range */
    MUSE_EFORMAT,   /* the descriptor holds no region */
    MUSE_EVERSION,  /* a region of another layout version, or of 32 bits where we have 64 */
    MUSE_ECORRUPT,  /* sizes in the region contradict each other */
    MUSE_ENOMEM,    /* out of memory */
    MUSE_ESYSTEM    /* a system call failed; errno says which way */
} muse_status;

/* A sentence without a full stop for a status; never NULL, also for a value out of range. */
const char *muse_status_text(muse_status status);

/* One process's handle of a region: its mapping and its checked copy of the sizes. */
typedef struct muse_region muse_region;

typedef struct {
    uint64_t store_bytes; /* page store, all shards together; 1 MiB … 64 GiB; 0: 64 MiB */
    uint32_t shards;      /* 1 … 256, a power of two, each of 64 KiB at least; 0: 16 */
    uint32_t clients;     /* limiter entries, 64 … 2^28; rounded up to whole buckets; 0: 65,536 */
} muse_region_config;

/*
 * Makes a new region in a memfd (close-on-exec, sealed against a change of size) and maps it.
 * MUSE_EINVAL: a size is out of range. MUSE_ENOMEM. MUSE_ESYSTEM: memfd or mmap failed, errno is
 * set.
 */
muse_status muse_region_create(const muse_region_config *config, muse_region **region);

/*
 * Maps the region behind fd, after a check of seals, magic, version and sizes. The handle owns a
 * duplicate of fd, not fd itself. MUSE_EFORMAT, MUSE_EVERSION, MUSE_ECORRUPT, MUSE_ENOMEM,
 * MUSE_ESYSTEM.
 */
muse_status muse_region_attach(int fd, muse_region **region);

/* Unmaps and closes. No other thread may be using the handle. NULL is allowed. */
void muse_region_detach(muse_region *region);

/* The handle's descriptor, to hand to another process. Stays the handle's. */
int muse_region_fd(const muse_region *region);

/* The sizes that the region was made with, defaults filled in. */
muse_region_config muse_region_get_config(const muse_region *region);

/* When it was made, in muse_clock_ms(): about when httpd was started. */
uint64_t muse_region_made_at(const muse_region *region);

/*
 * The prompt epoch: raised when a prompt, layout or include has changed, so that page keys made
 * before name nothing any more. Starts at 1.
 */
uint64_t muse_epoch_get(const muse_region *region);
uint64_t muse_epoch_raise(muse_region *region); /* returns the new epoch */

#ifdef __cplusplus
}
#endif
#endif
