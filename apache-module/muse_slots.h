/*
 * Names for things that come and go, for those who may ask for a thing that is gone: a name tells
 * it from all others that have its slot after it. Guarded by its owner's mutex.
 */
#ifndef MUSE_SLOTS_H
#define MUSE_SLOTS_H

#include <stdint.h>

typedef struct {
    void *what; /* or NULL */
    uint32_t generation;
    uint32_t next_free;
} muse_slot;

/* All zeros at first; grows, and never shrinks. */
typedef struct {
    muse_slot *all; /* 0 is nobody's */
    uint32_t room;
    uint32_t free; /* 0: none */
} muse_slots;

/* A slot for it: from 1. Ends the process where there is no memory, as httpd does. */
uint32_t muse_slots_add(muse_slots *slots, void *what);

void muse_slots_drop(muse_slots *slots, uint32_t slot);

/* The name of what is in a slot: at most 63 bits, and none is 0. */
uint64_t muse_slots_name(const muse_slots *slots, uint32_t slot);

/* What has that name, or NULL when it is gone. */
void *muse_slots_find(const muse_slots *slots, uint64_t name);

#endif
