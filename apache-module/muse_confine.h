/*
 * What an engine may not do, whatever comes to run in it: it talks to strangers, and writes no
 * file, starts no program and has no debugger of its own accord.
 */
#ifndef MUSE_CONFINE_H
#define MUSE_CONFINE_H

#include <httpd.h>

/*
 * Supervisor: the options for this program that switch Node's permission model on, as far as it
 * knows them, with a NULL at the end. Asks the program, which takes some milliseconds, and says
 * once if it knows none.
 */
const char *const *muse_confine_options(server_rec *s, const char *node);

/*
 * Whether this process and its memory may be looked at by others of the same User: not where httpd
 * was started by root, unless CoreDumpDirectory says so. The kernel has decided that when the
 * process became User; for a program that is started later it has to be decided anew.
 */
int muse_confine_is_dumpable(void);

/*
 * In the new process, between fork and exec: no privileges to gain, no file to write, and no core
 * dumps unless dumpable. What this kernel does not know is left out. Async-signal-safe.
 */
void muse_confine_self(int dumpable);

#endif
