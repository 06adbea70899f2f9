/*
 * Pools whose every piece is an allocation of its own, so that AddressSanitizer knows its ends and
 * its life. Included before all else; the names are replaced in the module's code alone.
 */
#ifndef FUZZ_POOL_H
#define FUZZ_POOL_H

#include <apr_pools.h>
#include <apr_strings.h>

void *fuzz_palloc(apr_pool_t *p, apr_size_t size);
char *fuzz_pstrdup(apr_pool_t *p, const char *text);
char *fuzz_pstrndup(apr_pool_t *p, const char *text, apr_size_t most);
char *fuzz_pstrmemdup(apr_pool_t *p, const char *text, apr_size_t length);
void *fuzz_pmemdup(apr_pool_t *p, const void *bytes, apr_size_t length);
char *fuzz_pstrcat(apr_pool_t *p, ...) __attribute__((sentinel));
char *fuzz_psprintf(apr_pool_t *p, const char *format, ...);

#define apr_palloc fuzz_palloc
#define apr_pstrdup fuzz_pstrdup
#define apr_pstrndup fuzz_pstrndup
#define apr_pstrmemdup fuzz_pstrmemdup
#define apr_pmemdup fuzz_pmemdup
#define apr_pstrcat fuzz_pstrcat
#define apr_psprintf fuzz_psprintf

#endif
