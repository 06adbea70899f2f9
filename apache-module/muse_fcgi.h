/*
 * FastCGI 1.0, httpd's side: writing one request, reading the records of its answer. Built on
 * httpd's own util_fcgi.h. Knows no sockets.
 */
#ifndef MUSE_FCGI_H
#define MUSE_FCGI_H

#include <httpd.h>
#include <util_fcgi.h>

#include "muse_body.h"

enum { MUSE_FCGI_ID = 1 }; /* one request at a time on a connection, so one id */

/*
 * The whole request as bytes in p: BEGIN (responder, keep the connection), PARAMS, and the body, if
 * there is one, as STDIN. NULL with *length 0 when a parameter is too large for a record.
 */
const char *muse_fcgi_request(request_rec *r, apr_pool_t *p, apr_table_t *params,
                              const muse_body *body, apr_size_t *length);

/* Takes an answer apart, in pieces of any size. */
typedef struct {
    unsigned char header[AP_FCGI_HEADER_LEN];
    unsigned have;        /* bytes of header read */
    unsigned type;        /* of the record under way, 0 when its header is not whole */
    unsigned content;     /* bytes of content still to come */
    unsigned padding;     /* bytes of padding still to come */
    unsigned char end[8]; /* body of END_REQUEST */
    unsigned end_have;
} muse_fcgi_reader;

typedef enum {
    MUSE_FCGI_MORE,   /* the bytes are used up */
    MUSE_FCGI_STDOUT, /* *data, *length: a piece of the answer */
    MUSE_FCGI_STDERR, /* *data, *length: a piece of log lines */
    MUSE_FCGI_END,    /* the answer has ended; see muse_fcgi_whole */
    MUSE_FCGI_BROKEN  /* not FastCGI, or not for this request: close the connection */
} muse_fcgi_event;

void muse_fcgi_reader_init(muse_fcgi_reader *reader);

/* Advances *bytes up to end and returns the next event. data points into the bytes given. */
muse_fcgi_event muse_fcgi_read(muse_fcgi_reader *reader, const char **bytes, const char *end,
                               const char **data, apr_size_t *length);

/* After MUSE_FCGI_END: whether the engine called its answer whole. */
int muse_fcgi_whole(const muse_fcgi_reader *reader);

/* After MUSE_FCGI_END: whether the engine refused the request, since it is not the one to ask. */
int muse_fcgi_refused(const muse_fcgi_reader *reader);

#endif
