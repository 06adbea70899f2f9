/*
 * A fuzz target of the module inside a real httpd: its functions, filters and tables are httpd's
 * own. Only the network is none: what would be sent is kept, and what was sent is given.
 */
#ifndef FUZZ_HTTPD_H
#define FUZZ_HTTPD_H

#include <httpd.h>
#include <apr_buckets.h>

#include "fuzz.h"
#include "muse_request.h"

/* One request on a connection of its own, as the module's handler gets it. */
typedef struct {
    apr_pool_t *pool;
    conn_rec *connection;
    request_rec *r;
    muse_request q;
    char *sent; /* all that httpd has put on the wire so far */
    size_t sent_length;
    int sent_end; /* whether the connection is not to be used after it */
} fuzz_visit;

/* A GET of /page by HTTP/1.1. */
void fuzz_visit_begin(fuzz_visit *visit);
void fuzz_visit_end(fuzz_visit *visit);

/*
 * What is on the wire is one whole head of an answer, if anything: status line and header fields
 * in their form (RFC 9112), none of them split. Returns what is behind it; NULL: there is no head.
 */
const char *fuzz_check_head(const fuzz_visit *visit);

#endif
