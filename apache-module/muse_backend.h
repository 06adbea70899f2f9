/* How a server's calls to providers are made: what its models do not say themselves. */
#ifndef MUSE_BACKEND_H
#define MUSE_BACKEND_H

#include <httpd.h>
#include <apr_tables.h>

/* Written while the configuration is read, then constant. MUSE_UNSET and NULL: not said. */
typedef struct {
    const char *endpoint;
    apr_array_header_t *endpoints; /* const char *: several in place of endpoint */
    const char *api_key;           /* for these endpoints and no other */
    const char *balance;           /* as models.json names it */
    int connect;                   /* seconds until a connection stands */
    int idle;                      /* seconds between two pieces of an answer */
    int retries;
    int retry_delay; /* milliseconds */
    int connections; /* the most to one origin, of one engine */
    int free_wait;   /* seconds for one of them to be free */
    int thinking_off;
    apr_array_header_t *thinkers; /* const char *: what names of reasoning models hold */
} muse_backend;

void muse_backend_init(muse_backend *backend);

/* What a virtual host says goes before what the main server says. */
void muse_backend_merge(muse_backend *merged, const muse_backend *base, const muse_backend *add);

/*
 * The fields of a JSON object, without its braces; two that are equal are one backend to the
 * engines. Holds keys: for the engine only.
 */
const char *muse_backend_fields(apr_pool_t *p, const muse_backend *backend);

/* What of it shapes an answer, for keys of pages. Holds no key of a provider. */
const char *muse_backend_shape(apr_pool_t *p, const muse_backend *backend);

#endif
