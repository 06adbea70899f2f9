#include "muse_layout.h"

muse_status muse_engine_get(const muse_region *region, uint32_t index, muse_engine_info *info)
{
    muse_engine_slot *slot;
    uint64_t packed;

    if (index >= MUSE_ENGINES_MAX) {
        return MUSE_EINVAL;
    }
    slot = &region->engines[index];
    packed = atomic_load_explicit(&slot->state_failures, memory_order_acquire);
    info->state = (packed & UINT32_MAX) > MUSE_ENGINE_DOWN
                      ? MUSE_ENGINE_NONE
                      : (muse_engine_state)(packed & UINT32_MAX);
    info->failures = (uint32_t)(packed >> 32);
    info->pid = (uint32_t)atomic_load_explicit(&slot->pid, memory_order_relaxed);
    info->changed_at = atomic_load_explicit(&slot->changed_at, memory_order_relaxed);
    info->beat_at = atomic_load_explicit(&slot->beat_at, memory_order_relaxed);
    info->ends = atomic_load_explicit(&slot->ends, memory_order_relaxed);
    return MUSE_OK;
}

muse_status muse_engine_set(muse_region *region, uint32_t index, muse_engine_state state,
                            uint32_t failures, uint32_t pid)
{
    muse_engine_slot *slot;
    uint64_t packed;

    if (index >= MUSE_ENGINES_MAX || (unsigned)state > MUSE_ENGINE_DOWN) {
        return MUSE_EINVAL;
    }
    slot = &region->engines[index];
    packed = atomic_load_explicit(&slot->state_failures, memory_order_relaxed);
    atomic_store_explicit(&slot->pid, pid, memory_order_relaxed);
    if ((packed & UINT32_MAX) != (uint64_t)state) {
        atomic_store_explicit(&slot->changed_at, muse_clock_ms(), memory_order_relaxed);
    }
    atomic_store_explicit(&slot->state_failures, (uint64_t)failures << 32 | (uint32_t)state,
                          memory_order_release);
    return MUSE_OK;
}

muse_status muse_engine_beat(muse_region *region, uint32_t index, uint64_t now_ms)
{
    if (index >= MUSE_ENGINES_MAX) {
        return MUSE_EINVAL;
    }
    atomic_store_explicit(&region->engines[index].beat_at, now_ms, memory_order_relaxed);
    return MUSE_OK;
}

muse_status muse_engine_count_end(muse_region *region, uint32_t index)
{
    if (index >= MUSE_ENGINES_MAX) {
        return MUSE_EINVAL;
    }
    atomic_fetch_add_explicit(&region->engines[index].ends, 1, memory_order_relaxed);
    return MUSE_OK;
}

int muse_engine_is_up(const muse_engine_info *info, uint64_t now_ms)
{
    return info->state == MUSE_ENGINE_READY && info->beat_at + MUSE_ENGINE_BEAT_LATE >= now_ms;
}
