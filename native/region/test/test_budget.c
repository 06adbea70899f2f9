#include <pthread.h>
#include <signal.h>

#include "muse_layout.h"
#include "test.h"

enum { MONDAY = 20000, TUESDAY, WEDNESDAY };

static muse_budget_result ask(muse_region *region, const char *name, uint32_t day, uint64_t limit,
                              uint64_t amount)
{
    muse_budget_result result;

    CHECK_EQUAL(muse_budget_reserve(region, muse_budget_claim(region), name, MUSE_BUDGET_TOKENS,
                                    day, limit, amount, &result),
                MUSE_OK);
    return result;
}

static void settle(muse_region *region, const muse_budget_result *taken, uint64_t amount,
                   uint64_t used)
{
    CHECK_EQUAL(taken->answer, MUSE_BUDGET_TAKEN);
    CHECK_EQUAL(muse_budget_settle(region, muse_budget_claim(region), taken->slot, taken->day,
                                   amount, used),
                MUSE_OK);
}

static void use(muse_region *region, const char *name, uint32_t day, uint64_t used)
{
    const muse_budget_result taken = ask(region, name, day, MUSE_BUDGET_MOST, used);

    settle(region, &taken, used, used);
}

static muse_budget look(muse_region *region, const char *name, uint32_t day)
{
    muse_budget budget;
    size_t i;

    for (i = 0; muse_budget_at(region, i, day, &budget) == MUSE_OK; i++) {
        if (!strcmp(budget.name, name)) {
            return budget;
        }
    }
    CHECK(!"there is no budget of that name");
    return budget;
}

TEST(what_is_left_over_of_a_reservation_comes_back)
{
    muse_region *region = test_region(1 << 20, 1, 64);
    const muse_budget_result taken = ask(region, "site", MONDAY, 100, 60);
    muse_budget budget = look(region, "site", MONDAY);

    CHECK_EQUAL(budget.limit, 100);
    CHECK_EQUAL(budget.used, 60);
    CHECK_EQUAL(budget.held, 60);
    settle(region, &taken, 60, 10);
    budget = look(region, "site", MONDAY);
    CHECK_EQUAL(budget.used, 10);
    CHECK_EQUAL(budget.held, 0);
    CHECK(!muse_budget_is_gone(&budget));
    muse_region_detach(region);
}

TEST(one_reservation_may_reach_beyond_the_budget_and_no_second_one)
{
    muse_region *region = test_region(1 << 20, 1, 64);
    const muse_budget_result first = ask(region, "site", MONDAY, 100, 60);
    const muse_budget_result second = ask(region, "site", MONDAY, 100, 60);

    CHECK_EQUAL(ask(region, "site", MONDAY, 100, 1).answer, MUSE_BUDGET_HELD);
    settle(region, &first, 60, 60);
    CHECK_EQUAL(ask(region, "site", MONDAY, 100, 1).answer, MUSE_BUDGET_HELD);
    settle(region, &second, 60, 60);
    CHECK_EQUAL(ask(region, "site", MONDAY, 100, 1).answer, MUSE_BUDGET_GONE);
    CHECK_EQUAL(look(region, "site", MONDAY).used, 120);
    muse_region_detach(region);
}

TEST(more_than_was_reserved_counts_in_full)
{
    muse_region *region = test_region(1 << 20, 1, 64);
    const muse_budget_result taken = ask(region, "site", MONDAY, 100, 5);

    settle(region, &taken, 5, 500);
    CHECK_EQUAL(look(region, "site", MONDAY).used, 500);
    CHECK_EQUAL(ask(region, "site", MONDAY, 100, 1).answer, MUSE_BUDGET_GONE);
    muse_region_detach(region);
}

TEST(a_budget_of_nothing_is_gone_from_the_beginning)
{
    muse_region *region = test_region(1 << 20, 1, 64);

    CHECK_EQUAL(ask(region, "site", MONDAY, 0, 1).answer, MUSE_BUDGET_GONE);
    muse_region_detach(region);
}

TEST(that_it_is_gone_and_that_there_is_some_again_is_news_once)
{
    muse_region *region = test_region(1 << 20, 1, 64);

    use(region, "site", MONDAY, 100);
    CHECK_EQUAL(ask(region, "site", MONDAY, 100, 1).news, 1);
    CHECK_EQUAL(ask(region, "site", MONDAY, 100, 1).news, 0);
    CHECK_EQUAL(ask(region, "site", TUESDAY, 100, 1).news, 1);
    CHECK_EQUAL(ask(region, "site", TUESDAY, 100, 1).news, 0);
    CHECK_EQUAL(ask(region, "other", TUESDAY, 100, 1).news, 0);
    muse_region_detach(region);
}

TEST(names_and_units_are_told_apart_and_too_many_are_refused)
{
    muse_region *region = test_region(1 << 20, 1, 64);
    char name[MUSE_BUDGET_NAME_MAX + 2];
    muse_budget_result result;
    int i;

    use(region, "a", MONDAY, 1);
    use(region, "ab", MONDAY, 2);
    CHECK_EQUAL(muse_budget_reserve(region, 0, "a", MUSE_BUDGET_COST, MONDAY, 9, 3, &result),
                MUSE_OK);
    CHECK_EQUAL(look(region, "a", MONDAY).used, 1);
    CHECK_EQUAL(look(region, "ab", MONDAY).used, 2);
    memset(name, 'x', sizeof name);
    name[MUSE_BUDGET_NAME_MAX + 1] = '\0';
    CHECK_EQUAL(muse_budget_reserve(region, 0, name, MUSE_BUDGET_COST, MONDAY, 9, 3, &result),
                MUSE_EINVAL);
    name[MUSE_BUDGET_NAME_MAX] = '\0';
    use(region, name, MONDAY, 4);
    CHECK_EQUAL(look(region, name, MONDAY).used, 4);
    CHECK_EQUAL(muse_budget_reserve(region, 0, "", MUSE_BUDGET_COST, MONDAY, 9, 3, &result),
                MUSE_EINVAL);
    CHECK_EQUAL(muse_budget_reserve(region, 0, "a", MUSE_BUDGET_UNITS, MONDAY, 9, 3, &result),
                MUSE_EINVAL);
    CHECK_EQUAL(muse_budget_reserve(region, MUSE_BUDGET_OWNERS, "a", 0, MONDAY, 9, 3, &result),
                MUSE_EINVAL);
    CHECK_EQUAL(muse_budget_reserve(region, 0, "a", 0, MONDAY, 9, MUSE_BUDGET_MOST + 1, &result),
                MUSE_EINVAL);
    for (i = 4; i < MUSE_BUDGETS_MAX; i++) {
        snprintf(name, sizeof name, "budget %d", i);
        use(region, name, MONDAY, 1);
    }
    CHECK_EQUAL(muse_budget_reserve(region, 0, "one more", 0, MONDAY, 9, 3, &result),
                MUSE_TOO_LARGE);
    CHECK_EQUAL(look(region, "a", MONDAY).used, 1);
    muse_region_detach(region);
}

TEST(a_new_day_begins_anew_and_what_was_begun_before_it_does_not_count_for_it)
{
    muse_region *region = test_region(1 << 20, 1, 64);
    const muse_budget_result late = ask(region, "site", MONDAY, 100, 60);
    muse_budget budget;

    CHECK_EQUAL(look(region, "site", TUESDAY).used, 0);
    use(region, "site", TUESDAY, 7);
    settle(region, &late, 60, 40);
    budget = look(region, "site", TUESDAY);
    CHECK_EQUAL(budget.used, 7);
    CHECK_EQUAL(budget.held, 0);
    muse_region_detach(region);
}

TEST(a_clock_that_is_set_back_gives_nothing_back)
{
    muse_region *region = test_region(1 << 20, 1, 64);
    int i;

    use(region, "site", WEDNESDAY + 30, 60);
    CHECK_EQUAL(ask(region, "site", MONDAY, 60, 1).answer, MUSE_BUDGET_GONE);
    CHECK_EQUAL(look(region, "site", MONDAY).used, 60);
    use(region, "site", MONDAY, 1);
    CHECK_EQUAL(look(region, "site", MONDAY).used, 61);
    /* Back and forth at midnight. */
    use(region, "other", MONDAY, 50);
    for (i = 0; i < 10; i++) {
        use(region, "other", TUESDAY, 5);
        use(region, "other", MONDAY, 5);
    }
    CHECK_EQUAL(look(region, "other", TUESDAY).used, 100);
    CHECK_EQUAL(look(region, "other", MONDAY).used, 100);
    muse_region_detach(region);
}

static void reserve_and_die(void *argument)
{
    CHECK_EQUAL(ask(argument, "site", MONDAY, 100, 70).answer, MUSE_BUDGET_TAKEN);
    raise(SIGKILL);
}

TEST(what_a_dead_process_had_reserved_is_used_up_once_somebody_else_comes)
{
    muse_region *region = test_region(1 << 20, 1, 64);
    muse_budget budget;
    uint32_t i;

    for (i = 0; i < 3; i++) {
        (void)test_in_child(reserve_and_die, region);
    }
    CHECK_EQUAL(muse_budget_claim(region), muse_budget_claim(region));
    budget = look(region, "site", MONDAY);
    CHECK_EQUAL(budget.used, 140);
    CHECK_EQUAL(budget.held, 0);
    CHECK_EQUAL(ask(region, "site", MONDAY, 140, 1).answer, MUSE_BUDGET_GONE);
    muse_region_detach(region);
}

TEST(when_there_are_too_many_processes_they_share_a_number)
{
    muse_region *region = test_region(1 << 20, 1, 64);
    uint32_t i;

    for (i = 1; i < MUSE_BUDGET_OWNERS; i++) {
        atomic_store(&region->budgets->owners[i], (uint32_t)getppid());
    }
    CHECK_EQUAL(muse_budget_claim(region), 0);
    use(region, "site", MONDAY, 5);
    CHECK_EQUAL(look(region, "site", MONDAY).used, 5);
    muse_region_detach(region);
}

TEST(what_a_former_region_had_used_is_entered_and_never_less)
{
    muse_region *region = test_region(1 << 20, 1, 64);

    CHECK_EQUAL(muse_budget_restore(region, "site", 0, MONDAY, 100, 40), MUSE_OK);
    CHECK_EQUAL(look(region, "site", MONDAY).used, 40);
    CHECK_EQUAL(look(region, "site", MONDAY).held, 0);
    CHECK_EQUAL(look(region, "site", MONDAY).limit, 100);
    use(region, "site", MONDAY, 20);
    CHECK_EQUAL(muse_budget_restore(region, "site", 0, MONDAY, 100, 50), MUSE_OK);
    CHECK_EQUAL(look(region, "site", MONDAY).used, 60);
    CHECK_EQUAL(muse_budget_restore(region, "site", 0, MONDAY - 1, 100, 99), MUSE_OK);
    CHECK_EQUAL(look(region, "site", MONDAY).used, 60);
    muse_region_detach(region);
}

enum { THREADS = 4, ROUNDS = 20000, LIMIT = 100000, AMOUNT = 50, USED = 20 };

/* Spends as long as there is something; what it was granted at most stays below the bound. */
static void *spend(void *argument)
{
    muse_region *region = argument;
    const uint32_t owner = muse_budget_claim(region);
    uintptr_t granted = 0;
    int i;

    for (i = 0; i < ROUNDS; i++) {
        char name[16];
        muse_budget_result r;

        snprintf(name, sizeof name, "budget %d", i % 3);
        CHECK_EQUAL(
            muse_budget_reserve(region, owner, name, MUSE_BUDGET_TOKENS, MONDAY, LIMIT, AMOUNT, &r),
            MUSE_OK);
        CHECK(look(region, name, MONDAY).used < LIMIT + AMOUNT);
        if (r.answer == MUSE_BUDGET_TAKEN) {
            granted++;
            muse_budget_settle(region, owner, r.slot, r.day, AMOUNT, USED);
        } else if (r.answer == MUSE_BUDGET_GONE) {
            CHECK(look(region, name, MONDAY).used >= LIMIT);
        }
    }
    return (void *)granted;
}

TEST(threads_together_never_take_more_than_the_budget_and_one_reservation)
{
    muse_region *region = test_region(1 << 20, 1, 64);
    pthread_t threads[THREADS];
    uint64_t granted = 0;
    uint64_t used = 0;
    muse_budget budget;
    size_t i;

    for (i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, spend, region) == 0);
    }
    for (i = 0; i < THREADS; i++) {
        void *mine;

        pthread_join(threads[i], &mine);
        granted += (uintptr_t)mine;
    }
    for (i = 0; muse_budget_at(region, i, MONDAY, &budget) == MUSE_OK; i++) {
        CHECK_EQUAL(budget.held, 0);
        CHECK(budget.used < LIMIT + USED);
        used += budget.used;
    }
    CHECK_EQUAL(i, 3);
    CHECK_EQUAL(used, granted * USED);
    CHECK(granted < THREADS * ROUNDS);
    muse_region_detach(region);
}

static void spend_in_child(void *argument)
{
    (void)spend(argument);
}

TEST(processes_do_so_too)
{
    muse_region *region = test_region(1 << 20, 1, 64);
    pid_t children[THREADS];
    muse_budget budget;
    size_t i;

    for (i = 0; i < THREADS; i++) {
        children[i] = fork();
        CHECK(children[i] >= 0);
        if (children[i] == 0) {
            spend_in_child(region);
            _exit(0);
        }
    }
    for (i = 0; i < THREADS; i++) {
        int status;

        CHECK(waitpid(children[i], &status, 0) == children[i] && status == 0);
    }
    for (i = 0; muse_budget_at(region, i, MONDAY, &budget) == MUSE_OK; i++) {
        CHECK_EQUAL(budget.held, 0);
        CHECK(budget.used >= LIMIT && budget.used < LIMIT + USED);
    }
    CHECK_EQUAL(i, 3);
    muse_region_detach(region);
}

TESTS(CASE(what_is_left_over_of_a_reservation_comes_back),
      CASE(one_reservation_may_reach_beyond_the_budget_and_no_second_one),
      CASE(more_than_was_reserved_counts_in_full),
      CASE(a_budget_of_nothing_is_gone_from_the_beginning),
      CASE(that_it_is_gone_and_that_there_is_some_again_is_news_once),
      CASE(names_and_units_are_told_apart_and_too_many_are_refused),
      CASE(a_new_day_begins_anew_and_what_was_begun_before_it_does_not_count_for_it),
      CASE(a_clock_that_is_set_back_gives_nothing_back),
      CASE(what_a_dead_process_had_reserved_is_used_up_once_somebody_else_comes),
      CASE(when_there_are_too_many_processes_they_share_a_number),
      CASE(what_a_former_region_had_used_is_entered_and_never_less),
      CASE(threads_together_never_take_more_than_the_budget_and_one_reservation),
      CASE(processes_do_so_too))
