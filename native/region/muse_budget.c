/*
 * One word has a day and what was taken on it, so that both change together:
 *
 *    63        52 51                                                 0
 *   +------------+----------------------------------------------------+
 *   | day % 4096 | amount                                             |
 *   +------------+----------------------------------------------------+
 *
 * Each budget has three kinds of them: `taken`, what is used or reserved, decides; `spent`, what is
 * used, tells whether waiting helps; `held`, one for each process, is what it has reserved, so that
 * it can be counted as spent when the process is found dead. `spent` grows only after `taken`
 * holds it, and is compared with the limit alone, so what it says is never too early.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "muse_layout.h"
#include "muse_mutex.h"

enum { DAYS = 4096, SHIFT = 52 };

static const uint64_t AMOUNT = (UINT64_C(1) << SHIFT) - 1;

static uint64_t pack(uint32_t day, uint64_t amount)
{
    return (uint64_t)(day % DAYS) << SHIFT | (amount < AMOUNT ? amount : AMOUNT);
}

static uint32_t day_of(uint64_t word)
{
    return (uint32_t)(word >> SHIFT);
}

static uint64_t amount_of(uint64_t word)
{
    return word & AMOUNT;
}

/* Days from b to a, the shorter way round. */
static int days_between(uint32_t a, uint32_t b)
{
    const int days = (int)((a - b) % DAYS);

    return days < DAYS / 2 ? days : days - DAYS;
}

/*
 * What a word says on that day. A day that is over counts no more. One that has not come yet was
 * begun before the clock was set back: tomorrow is left to come, so that a clock that goes back and
 * forth at midnight gives nothing twice; from further away the amount is taken into this day.
 */
static uint64_t as_of(uint64_t word, uint32_t day)
{
    const int ahead = days_between(day_of(word), day);

    if (ahead < 0) {
        return pack(day, 0);
    }
    return ahead <= 1 ? word : pack(day, amount_of(word));
}

static uint64_t plus(uint64_t word, uint64_t amount)
{
    return pack(day_of(word), amount_of(word) + amount);
}

static uint64_t minus(uint64_t word, uint64_t amount)
{
    return pack(day_of(word), amount_of(word) > amount ? amount_of(word) - amount : 0);
}

/* ---- names ---- */

static int has_name(const muse_budget_slot *slot, muse_budget_unit unit, const uint64_t *name,
                    size_t words)
{
    size_t w;

    if (atomic_load_explicit(&slot->unit, memory_order_relaxed) != (uint64_t)unit) {
        return 0;
    }
    for (w = 0; w < words; w++) {
        if (atomic_load_explicit(&slot->name[w], memory_order_relaxed) != name[w]) {
            return 0;
        }
    }
    return 1;
}

/* Its place, or that of the first that has no name; MUSE_BUDGETS_MAX when there is neither. */
static uint32_t look_up(const muse_region *region, muse_budget_unit unit, const uint64_t *name,
                        size_t words, int *named)
{
    uint32_t i;

    for (i = 0; i < MUSE_BUDGETS_MAX; i++) {
        const muse_budget_slot *slot = &region->budgets->slots[i];

        *named = atomic_load_explicit(&slot->named, memory_order_acquire) != 0;
        if (!*named || has_name(slot, unit, name, words)) {
            return i;
        }
    }
    *named = 0;
    return MUSE_BUDGETS_MAX;
}

static void give_name(muse_budget_slot *slot, muse_budget_unit unit, uint32_t day,
                      const uint64_t *name)
{
    size_t w;

    atomic_store_explicit(&slot->unit, (uint64_t)unit, memory_order_relaxed);
    atomic_store_explicit(&slot->taken, pack(day, 0), memory_order_relaxed);
    atomic_store_explicit(&slot->spent, pack(day, 0), memory_order_relaxed);
    for (w = 0; w < MUSE_BUDGET_OWNERS; w++) {
        atomic_store_explicit(&slot->held[w], pack(day, 0), memory_order_relaxed);
    }
    for (w = 0; w < MUSE_BUDGET_NAME_WORDS; w++) {
        atomic_store_explicit(&slot->name[w], name[w], memory_order_relaxed);
    }
    atomic_store_explicit(&slot->named, 1, memory_order_release);
}

/* Two places for one name would be two budgets, so new names are entered one at a time. */
static muse_status find(muse_region *region, const char *name, muse_budget_unit unit, uint32_t day,
                        uint32_t *place)
{
    pthread_mutex_t *writers = &region->budgets->writers;
    uint64_t copy[MUSE_BUDGET_NAME_WORDS] = {0};
    const size_t length = strnlen(name, MUSE_BUDGET_NAME_MAX + 1);
    const size_t words = length / 8 + 1; /* with the NUL behind it */
    int error;
    int named;

    if (length == 0 || length > MUSE_BUDGET_NAME_MAX || (unsigned)unit >= MUSE_BUDGET_UNITS) {
        return MUSE_EINVAL;
    }
    memcpy(copy, name, length);
    *place = look_up(region, unit, copy, words, &named);
    if (named) {
        return MUSE_OK;
    }
    if (*place >= MUSE_BUDGETS_MAX) {
        return MUSE_TOO_LARGE;
    }
    error = muse_mutex_lock(writers);
    if (error == EOWNERDEAD) {
        muse_mutex_repaired(writers); /* what it was entering has no name yet */
    } else if (error) {
        errno = error;
        return MUSE_ESYSTEM;
    }
    *place = look_up(region, unit, copy, words, &named);
    if (!named && *place < MUSE_BUDGETS_MAX) {
        give_name(&region->budgets->slots[*place], unit, day, copy);
    }
    muse_mutex_unlock(writers);
    return *place < MUSE_BUDGETS_MAX ? MUSE_OK : MUSE_TOO_LARGE;
}

/* ---- the dead ---- */

static int is_gone(uint32_t pid)
{
    return kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

static void add_spent(muse_budget_slot *slot, uint32_t day, uint64_t amount)
{
    uint64_t old = atomic_load(&slot->spent);
    uint64_t next;

    do {
        const int ahead = days_between(day_of(old), day);

        if (ahead > 0) {
            return; /* another day has begun */
        }
        next = ahead == 0 ? plus(old, amount) : pack(day, amount);
    } while (!atomic_compare_exchange_weak(&slot->spent, &old, next));
}

/* What a dead process had reserved stays taken, and comes back no more. */
static void give_up(muse_region *region, uint32_t owner)
{
    size_t i;

    for (i = 0; i < MUSE_BUDGETS_MAX; i++) {
        muse_budget_slot *slot = &region->budgets->slots[i];
        uint64_t held = atomic_load(&slot->held[owner]);

        if (amount_of(held) &&
            atomic_compare_exchange_strong(&slot->held[owner], &held, pack(day_of(held), 0))) {
            add_spent(slot, day_of(held), amount_of(held));
        }
    }
}

uint32_t muse_budget_claim(muse_region *region)
{
    _Atomic(uint32_t) *owners = region->budgets->owners;
    const uint32_t self = (uint32_t)getpid();
    uint32_t mine = 0;
    uint32_t i;

    for (i = 1; i < MUSE_BUDGET_OWNERS; i++) {
        uint32_t pid = atomic_load(&owners[i]);

        if (pid == self) {
            mine = i;
        } else if (pid && (pid > INT32_MAX || is_gone(pid)) &&
                   atomic_compare_exchange_strong(&owners[i], &pid, 0)) {
            give_up(region, i);
        }
    }
    for (i = 1; i < MUSE_BUDGET_OWNERS && !mine; i++) {
        uint32_t free = 0;

        if (atomic_compare_exchange_strong(&owners[i], &free, self)) {
            mine = i;
        }
    }
    return mine;
}

/* ---- reserving and settling ---- */

static void hold(muse_budget_slot *slot, uint32_t owner, uint32_t day, uint64_t amount)
{
    uint64_t old = atomic_load(&slot->held[owner]);

    while (!atomic_compare_exchange_weak(
        &slot->held[owner], &old, day_of(old) == day ? plus(old, amount) : pack(day, amount))) {}
}

static void let_go(muse_budget_slot *slot, uint32_t owner, uint32_t day, uint64_t amount)
{
    uint64_t old = atomic_load(&slot->held[owner]);

    while (day_of(old) == day &&
           !atomic_compare_exchange_weak(&slot->held[owner], &old, minus(old, amount))) {}
}

/* Whether the caller is the first to know that the budget is gone, or that it is not any more. */
static int is_news(muse_budget_slot *slot, muse_budget_answer answer)
{
    uint64_t said = atomic_load_explicit(&slot->said, memory_order_relaxed);
    const uint64_t now = answer == MUSE_BUDGET_GONE;

    return answer != MUSE_BUDGET_HELD && said != now &&
           atomic_compare_exchange_strong(&slot->said, &said, now);
}

/* Brings `spent` to the day of `taken`. */
static void follow_day(muse_budget_slot *slot, uint32_t day)
{
    uint64_t old = atomic_load(&slot->spent);

    while (as_of(old, day) != old &&
           !atomic_compare_exchange_weak(&slot->spent, &old, as_of(old, day))) {}
}

static muse_budget_answer take(muse_budget_slot *slot, uint32_t owner, uint32_t day, uint64_t limit,
                               uint64_t amount, uint32_t *entered)
{
    uint64_t old = atomic_load(&slot->taken);

    for (;;) {
        const uint64_t now = as_of(old, day);

        *entered = day_of(now);
        if (amount_of(now) >= limit) {
            const uint64_t spent = as_of(atomic_load(&slot->spent), *entered);

            return amount_of(spent) >= limit ? MUSE_BUDGET_GONE : MUSE_BUDGET_HELD;
        }
        hold(slot, owner, *entered, amount);
        if (atomic_compare_exchange_strong(&slot->taken, &old, plus(now, amount))) {
            follow_day(slot, *entered);
            return MUSE_BUDGET_TAKEN;
        }
        let_go(slot, owner, *entered, amount);
    }
}

/* Where a budget is, whose limit is this from now on. */
static muse_status find_with_limit(muse_region *region, const char *name, muse_budget_unit unit,
                                   uint32_t day, uint64_t limit, uint32_t *place)
{
    muse_status status;

    if (limit > MUSE_BUDGET_MOST) {
        return MUSE_EINVAL;
    }
    status = find(region, name, unit, day, place);
    if (status == MUSE_OK) {
        atomic_store_explicit(&region->budgets->slots[*place].limit, limit, memory_order_relaxed);
    }
    return status;
}

muse_status muse_budget_reserve(muse_region *region, uint32_t owner, const char *name,
                                muse_budget_unit unit, uint32_t day, uint64_t limit,
                                uint64_t amount, muse_budget_result *result)
{
    muse_budget_slot *slot;
    muse_status status;
    uint32_t place;

    if (owner >= MUSE_BUDGET_OWNERS || amount > MUSE_BUDGET_MOST) {
        return MUSE_EINVAL;
    }
    status = find_with_limit(region, name, unit, day, limit, &place);
    if (status != MUSE_OK) {
        return status;
    }
    slot = &region->budgets->slots[place];
    result->slot = place;
    result->answer = take(slot, owner, day, limit, amount, &result->day);
    result->news = is_news(slot, result->answer);
    return MUSE_OK;
}

muse_status muse_budget_settle(muse_region *region, uint32_t owner, uint32_t place, uint32_t day,
                               uint64_t amount, uint64_t used)
{
    muse_budget_slot *slot;
    uint64_t old;

    if (owner >= MUSE_BUDGET_OWNERS || place >= MUSE_BUDGETS_MAX || day >= DAYS) {
        return MUSE_EINVAL;
    }
    slot = &region->budgets->slots[place];
    old = atomic_load(&slot->taken);
    while (day_of(old) == day &&
           !atomic_compare_exchange_weak(&slot->taken, &old, plus(minus(old, amount), used))) {}
    add_spent(slot, day, used);
    let_go(slot, owner, day, amount);
    return MUSE_OK;
}

/* ---- what others see ---- */

static void raise_to(muse_word *word, uint64_t least)
{
    uint64_t old = atomic_load(word);

    for (;;) {
        const int ahead = days_between(day_of(old), day_of(least));

        if (ahead > 0 || (ahead == 0 && amount_of(old) >= amount_of(least)) ||
            atomic_compare_exchange_weak(word, &old, least)) {
            return;
        }
    }
}

muse_status muse_budget_restore(muse_region *region, const char *name, muse_budget_unit unit,
                                uint32_t day, uint64_t limit, uint64_t used)
{
    muse_budget_slot *slot;
    uint32_t place;
    const muse_status status = find_with_limit(region, name, unit, day, limit, &place);

    if (status != MUSE_OK) {
        return status;
    }
    slot = &region->budgets->slots[place];
    raise_to(&slot->taken, pack(day, used));
    raise_to(&slot->spent, pack(day, used));
    return MUSE_OK;
}

muse_status muse_budget_at(const muse_region *region, size_t i, uint32_t day, muse_budget *budget)
{
    const muse_budget_slot *slot;
    uint64_t spent;
    uint64_t taken;
    uint64_t unit;
    size_t w;

    if (i >= MUSE_BUDGETS_MAX) {
        return MUSE_MISS;
    }
    slot = &region->budgets->slots[i];
    if (!atomic_load_explicit(&slot->named, memory_order_acquire)) {
        return MUSE_MISS;
    }
    unit = atomic_load_explicit(&slot->unit, memory_order_relaxed);
    for (w = 0; w < MUSE_BUDGET_NAME_WORDS; w++) {
        const uint64_t word = atomic_load_explicit(&slot->name[w], memory_order_relaxed);

        memcpy(budget->name + w * 8, &word, sizeof word);
    }
    budget->name[MUSE_BUDGET_NAME_MAX] = '\0';
    budget->unit = unit < MUSE_BUDGET_UNITS ? (muse_budget_unit)unit : MUSE_BUDGET_TOKENS;
    budget->limit = atomic_load_explicit(&slot->limit, memory_order_relaxed) & AMOUNT;
    spent = as_of(atomic_load(&slot->spent), day);
    taken = as_of(atomic_load(&slot->taken), day);
    budget->used = amount_of(taken);
    budget->held = amount_of(taken) > amount_of(spent) ? amount_of(taken) - amount_of(spent) : 0;
    return MUSE_OK;
}

int muse_budget_is_gone(const muse_budget *budget)
{
    return budget->used - budget->held >= budget->limit;
}

const char *muse_budget_unit_name(muse_budget_unit unit)
{
    return unit == MUSE_BUDGET_COST ? "cost" : "tokens";
}

uint32_t muse_budget_today(void)
{
    const time_t now = time(NULL);
    struct tm local;

    if (!localtime_r(&now, &local)) {
        return (uint32_t)(now / 86400);
    }
    local.tm_hour = local.tm_min = local.tm_sec = local.tm_isdst = 0;
    return (uint32_t)(timegm(&local) / 86400);
}
