/* How long a process waits for a mutex whose owner was stopped. */
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>

#include "muse_mutex.h"
#include "test.h"

/* Seconds by which the wall clock was set forward; the kernel, which ends the waits, has its own.
 */
static time_t set_forward;

/* In place of the C library's, also for the code under test. */
int clock_gettime(clockid_t clock, struct timespec *now)
{
    const int error = (int)syscall(SYS_clock_gettime, clock, now);

    if (clock == CLOCK_REALTIME) {
        now->tv_sec += set_forward;
    }
    return error;
}

static void lock_and_stop(void *argument)
{
    CHECK_EQUAL(muse_mutex_lock(argument), 0);
    raise(SIGSTOP);
    muse_mutex_unlock(argument);
}

/* A mutex that a stopped process has. */
static pthread_mutex_t *held(pid_t *owner)
{
    pthread_mutex_t *mutex =
        mmap(NULL, sizeof *mutex, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int status;

    CHECK(mutex != MAP_FAILED);
    CHECK_EQUAL(muse_mutex_init(mutex), 0);
    *owner = fork();
    CHECK(*owner >= 0);
    if (*owner == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        lock_and_stop(mutex);
        _exit(0);
    }
    CHECK(waitpid(*owner, &status, WUNTRACED) == *owner && WIFSTOPPED(status));
    return mutex;
}

static void let_go(pthread_mutex_t *mutex, pid_t owner)
{
    CHECK_EQUAL(kill(owner, SIGCONT), 0);
    CHECK(waitpid(owner, NULL, 0) == owner);
    CHECK_EQUAL(muse_mutex_lock(mutex), 0);
    muse_mutex_unlock(mutex);
    munmap(mutex, sizeof *mutex);
}

TEST(a_clock_that_is_set_meanwhile_makes_no_wait_longer)
{
    pid_t owner;
    pthread_mutex_t *mutex = held(&owner);

    /* As if it were set back by an hour as soon as the wait has begun. */
    set_forward = 3600;
    CHECK_EQUAL(muse_mutex_lock(mutex), ETIMEDOUT);
    set_forward = 0;
    let_go(mutex, owner);
}

TEST(who_has_waited_in_vain_does_not_wait_again_for_a_while)
{
    pid_t owner;
    pthread_mutex_t *mutex = held(&owner);
    uint64_t since;
    int time;

    CHECK_EQUAL(muse_mutex_lock(mutex), ETIMEDOUT);
    since = muse_clock_ms();
    for (time = 0; time < 8; time++) {
        CHECK_EQUAL(muse_mutex_lock(mutex), ETIMEDOUT);
    }
    /* Half a second each, if they waited. */
    CHECK(muse_clock_ms() - since < 4000);
    let_go(mutex, owner);
}

TESTS(CASE(a_clock_that_is_set_meanwhile_makes_no_wait_longer),
      CASE(who_has_waited_in_vain_does_not_wait_again_for_a_while))
