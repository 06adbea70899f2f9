#include <httpd.h>

#include "muse_slots.h"

enum { ROOM_FIRST = 256, SLOT_BITS = 31 };

static void make_room(muse_slots *slots)
{
    const uint32_t room = slots->room ? slots->room * 2 : ROOM_FIRST;
    uint32_t i;

    slots->all = ap_realloc(slots->all, room * sizeof *slots->all);
    for (i = slots->room ? slots->room : 1; i < room; i++) {
        slots->all[i] = (muse_slot){.next_free = slots->free};
        slots->free = i;
    }
    slots->room = room;
}

uint32_t muse_slots_add(muse_slots *slots, void *what)
{
    uint32_t slot;

    if (!slots->free) {
        make_room(slots);
    }
    slot = slots->free;
    slots->free = slots->all[slot].next_free;
    slots->all[slot].what = what;
    slots->all[slot].generation++;
    return slot;
}

void muse_slots_drop(muse_slots *slots, uint32_t slot)
{
    slots->all[slot].what = NULL;
    slots->all[slot].next_free = slots->free;
    slots->free = slot;
}

uint64_t muse_slots_name(const muse_slots *slots, uint32_t slot)
{
    return (uint64_t)slots->all[slot].generation << SLOT_BITS | slot;
}

void *muse_slots_find(const muse_slots *slots, uint64_t name)
{
    const uint32_t slot = name & ((UINT32_C(1) << SLOT_BITS) - 1);

    return slot && slot < slots->room && slots->all[slot].generation == name >> SLOT_BITS
               ? slots->all[slot].what
               : NULL;
}
