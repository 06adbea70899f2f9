/*
 * Preloaded into httpd while coverage is measured: as on a kernel without Landlock, so that the
 * engine can write down what of it has run.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <sys/syscall.h>

enum { ARGUMENTS = 6 };

long syscall(long number, ...)
{
    static long (*next)(long, ...);
    long values[ARGUMENTS];
    va_list given;
    int i;

    if (number == SYS_landlock_create_ruleset) {
        errno = ENOSYS;
        return -1;
    }
    if (!next) {
        *(void **)&next = dlsym(RTLD_NEXT, "syscall");
    }
    va_start(given, number);
    for (i = 0; i < ARGUMENTS; i++) {
        values[i] = va_arg(given, long);
    }
    va_end(given);
    return next(number, values[0], values[1], values[2], values[3], values[4], values[5]);
}
