/*
 * The keys that an administrator gives out to programs (MuseAiClientKeys). The file has a line
 * `name:sha256:HEX` for each: who has only the file has no key. The hash need not be slow, since
 * the keys are random and too long to be guessed. A change of the file holds from the next request.
 */
#ifndef MUSE_KEYS_H
#define MUSE_KEYS_H

#include <httpd.h>

/* The setter notes the file for muse_keys_check. */
void muse_keys_note(apr_pool_t *pconf, const char *path);

/*
 * Parent, post_config; the other one for httpd -t, test_config. They read every file that is named,
 * to log what is wrong with it. No mistake in a file keeps httpd from starting.
 */
int muse_keys_check(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s);
void muse_keys_test(apr_pool_t *pconf, server_rec *s);

/* Child, child_init. */
void muse_keys_child(apr_pool_t *pchild, server_rec *s);

/*
 * Whose key the request has, in r->pool; NULL: nobody's, and it has been logged why, without any
 * part of the key. Reads the file if that has changed since.
 */
const char *muse_keys_find(request_rec *r, const char *path);

#endif
