#include <stddef.h>
#include <string.h>

#include "muse_layout.h"

/* A sequence lock, as the model table has it: see there why no fence is needed. */

enum { TRIES = 1000 };

static const size_t FIXED = offsetof(muse_report, endpoints);

static int is_valid(const muse_report *report)
{
    uint32_t i;

    if (report->models > MUSE_MODELS_IMPLICIT || report->count > MUSE_ENDPOINTS_MAX) {
        return 0;
    }
    for (i = 0; i < report->count; i++) {
        const muse_endpoint *endpoint = &report->endpoints[i];

        if (endpoint->state > MUSE_ENDPOINT_UNUSABLE ||
            !memchr(endpoint->model, '\0', sizeof endpoint->model) ||
            !memchr(endpoint->url, '\0', sizeof endpoint->url)) {
            return 0;
        }
    }
    return 1;
}

/* Words that hold something in a report of so many endpoints. */
static size_t words_for(uint32_t count)
{
    return (FIXED + count * sizeof(muse_endpoint)) / 8;
}

muse_status muse_report_set(muse_region *region, uint32_t index, const muse_report *report)
{
    muse_report_buffer *buffer;
    uint64_t sequence;
    size_t w;

    if (index >= MUSE_ENGINES_MAX || !is_valid(report)) {
        return MUSE_EINVAL;
    }
    buffer = &region->reports[index];
    sequence = atomic_load_explicit(&buffer->sequence, memory_order_relaxed) | 1;
    atomic_store_explicit(&buffer->sequence, sequence, memory_order_relaxed);
    for (w = 0; w < words_for(report->count); w++) {
        uint64_t word;

        memcpy(&word, (const char *)report + w * 8, sizeof word);
        atomic_store_explicit(&buffer->words[w], word, memory_order_release);
    }
    atomic_store_explicit(&buffer->sequence, sequence + 1, memory_order_release);
    return MUSE_OK;
}

static void copy_words(const muse_report_buffer *buffer, size_t from, size_t to,
                       muse_report *report)
{
    size_t w;

    for (w = from; w < to; w++) {
        const uint64_t word = atomic_load_explicit(&buffer->words[w], memory_order_acquire);

        memcpy((char *)report + w * 8, &word, sizeof word);
    }
}

muse_status muse_report_get(const muse_region *region, uint32_t index, muse_report *report)
{
    const muse_report_buffer *buffer;
    int tries;

    if (index >= MUSE_ENGINES_MAX) {
        return MUSE_EINVAL;
    }
    buffer = &region->reports[index];
    for (tries = 0; tries < TRIES; tries++) {
        const uint64_t sequence = atomic_load_explicit(&buffer->sequence, memory_order_acquire);

        if (sequence == 0) {
            return MUSE_MISS;
        }
        if (sequence & 1) {
            continue;
        }
        copy_words(buffer, 0, words_for(0), report);
        if (report->count <= MUSE_ENDPOINTS_MAX) {
            copy_words(buffer, words_for(0), words_for(report->count), report);
        }
        if (atomic_load_explicit(&buffer->sequence, memory_order_relaxed) == sequence) {
            return is_valid(report) ? MUSE_OK : MUSE_MISS;
        }
    }
    return MUSE_MISS;
}
