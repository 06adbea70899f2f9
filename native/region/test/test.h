/*
 * A small frame for the C tests. Each file is a program:
 *
 *     TEST(a_sentence_about_what_holds) { CHECK(...); }
 *     TESTS(a_sentence_about_what_holds, ...)
 *
 * With a name as its argument a program runs that test only. MUSE_TEST_SEED repeats a run of the
 * random ones.
 */
#ifndef MUSE_TEST_H
#define MUSE_TEST_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "muse_region.h"

#define TEST(name) static void name(void)

/* Ends the program on the spot, so that whoever looks finds the state as it was. */
#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);         \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#define CHECK_EQUAL(a, b)                                                                          \
    do {                                                                                           \
        const unsigned long long a_ = (unsigned long long)(a);                                     \
        const unsigned long long b_ = (unsigned long long)(b);                                     \
        if (a_ != b_) {                                                                            \
            fprintf(stderr, "%s:%d: %s is %llu, and %s is %llu\n", __FILE__, __LINE__, #a, a_, #b, \
                    b_);                                                                           \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

typedef struct {
    const char *name;
    void (*run)(void);
} test_case;

#define TESTS(...)                                                                                 \
    static const test_case test_cases[] = {__VA_ARGS__};                                           \
    int main(int argc, char **argv)                                                                \
    {                                                                                              \
        return test_run(test_cases, sizeof test_cases / sizeof *test_cases,                        \
                        argc > 1 ? argv[1] : NULL);                                                \
    }

#define CASE(name)                                                                                 \
    {                                                                                              \
#name, name                                                                                \
    }

static inline int test_run(const test_case *cases, size_t count, const char *only)
{
    size_t ran = 0;
    size_t i;

    alarm(300); /* a test that hangs has failed */
    for (i = 0; i < count; i++) {
        if (only && strcmp(only, cases[i].name) != 0) {
            continue;
        }
        printf("%s\n", cases[i].name);
        fflush(stdout);
        cases[i].run();
        ran++;
    }
    printf("%zu passed\n", ran);
    return ran ? 0 : 1;
}

/* xorshift64*, for tests that can be repeated. */
static inline uint64_t test_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(0x2545f4914f6cdd1d);
}

static inline uint64_t test_below(uint64_t *state, uint64_t limit)
{
    return test_random(state) % limit;
}

/* MUSE_TEST_SEED, or one from the clock; printed, so that a failure can be repeated. */
static inline uint64_t test_seed(void)
{
    const char *given = getenv("MUSE_TEST_SEED");
    const uint64_t seed = given ? strtoull(given, NULL, 10) : muse_clock_ns();

    printf("  MUSE_TEST_SEED=%llu\n", (unsigned long long)seed);
    fflush(stdout);
    return seed ? seed : 1;
}

static inline muse_region *test_region(uint64_t store_bytes, uint32_t shards, uint32_t clients)
{
    const muse_region_config config = {store_bytes, shards, clients};
    muse_region *region;

    CHECK_EQUAL(muse_region_create(&config, &region), MUSE_OK);
    return region;
}

/* Runs a function in a child; its status as waitpid gives it. */
static inline int test_in_child(void (*run)(void *), void *argument)
{
    int status;
    pid_t pid = fork();

    CHECK(pid >= 0);
    if (pid == 0) {
        run(argument);
        _exit(0);
    }
    CHECK(waitpid(pid, &status, 0) == pid);
    return status;
}

#endif
