/*
 * Budgets for a day: how much of each is used, exact over all engines, without a lock.
 *
 * Who is to spend reserves first what it may cost at most, and settles afterwards what it was. A
 * reservation is granted while anything of the budget is left: so of all that is granted at one
 * time, only the last may reach beyond it, and a day never costs more than the budget and what one
 * reservation turned out to be, as long as no one uses more than it has reserved.
 *
 * Days are numbers that the caller counts (days since 1970, of the local calendar). A new day
 * begins with the first that names it. A clock that is set back does not give back a day's budget:
 * what was used counts on.
 */
#ifndef MUSE_BUDGET_H
#define MUSE_BUDGET_H

#include "muse_region.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MUSE_BUDGETS_MAX 256
#define MUSE_BUDGET_NAME_MAX 255             /* bytes, without the terminating NUL */
#define MUSE_BUDGET_MOST (UINT64_C(1) << 50) /* of a limit or a reservation */
#define MUSE_BUDGET_OWNERS 32                /* processes that may have reservations */

typedef enum {
    MUSE_BUDGET_TOKENS = 0,
    MUSE_BUDGET_COST, /* billionths of the currency of models.json */
    MUSE_BUDGET_UNITS
} muse_budget_unit;

typedef enum {
    MUSE_BUDGET_TAKEN = 0, /* reserved; to be settled */
    MUSE_BUDGET_HELD,      /* others have reserved what is left: some of it may come back soon */
    MUSE_BUDGET_GONE       /* used up for this day */
} muse_budget_answer;

typedef struct {
    muse_budget_answer answer;
    int news;      /* 1: the first to be told that it is gone, or that there is some again */
    uint32_t slot; /* this and day: for muse_budget_settle */
    uint32_t day;
} muse_budget_result;

typedef struct {
    char name[MUSE_BUDGET_NAME_MAX + 1]; /* NUL-terminated */
    muse_budget_unit unit;
    uint64_t limit; /* as the last reservation had it */
    uint64_t used;  /* today, with what is reserved */
    uint64_t held;  /* of that, reserved by calls under way */
} muse_budget;

/*
 * The number under which this process reserves; the same one however often it asks. What dead
 * processes had reserved is used up from now on: what their calls have cost, nobody can tell any
 * more. When there are MUSE_BUDGET_OWNERS living ones, 0, whose reservations are never given up.
 */
uint32_t muse_budget_claim(muse_region *region);

/*
 * Reserves `amount` of the budget of that name and unit, which has `limit` a day. MUSE_OK with
 * *result; MUSE_EINVAL; MUSE_TOO_LARGE: there are too many budgets; MUSE_ESYSTEM: the lock under
 * which new names are entered could not be had. Nothing is reserved unless it says TAKEN.
 */
muse_status muse_budget_reserve(muse_region *region, uint32_t owner, const char *name,
                                muse_budget_unit unit, uint32_t day, uint64_t limit,
                                uint64_t amount, muse_budget_result *result);

/*
 * Ends a reservation of `amount`, of which `used` was used: less, or more. On the day on which it
 * was made, it counts; on another one it changes nothing. MUSE_OK or MUSE_EINVAL.
 */
muse_status muse_budget_settle(muse_region *region, uint32_t owner, uint32_t slot, uint32_t day,
                               uint64_t amount, uint64_t used);

/* Enters what a former region had used on that day, unless more is there. As muse_budget_reserve.
 */
muse_status muse_budget_restore(muse_region *region, const char *name, muse_budget_unit unit,
                                uint32_t day, uint64_t limit, uint64_t used);

/* The budget in place i as of that day: MUSE_OK, or MUSE_MISS where there is none, nor any more. */
muse_status muse_budget_at(const muse_region *region, size_t i, uint32_t day, muse_budget *budget);

/* Whether nothing of it is left for that day. */
int muse_budget_is_gone(const muse_budget *budget);

/* "tokens" or "cost"; never NULL. */
const char *muse_budget_unit_name(muse_budget_unit unit);

/* The local calendar's day. */
uint32_t muse_budget_today(void);

#ifdef __cplusplus
}
#endif
#endif
