/* What a POST brings: read before the engine is asked, since a suspended request reads nothing. */
#ifndef MUSE_BODY_H
#define MUSE_BODY_H

#include <httpd.h>

typedef struct {
    apr_pool_t *pool; /* its own, below r->pool */
    const char *bytes;
    apr_size_t length;
} muse_body;

/* Whether its Content-Type is one of those in which forms come. */
int muse_body_is_form(const request_rec *r);

/*
 * Reads the whole of it, up to MuseAiSecurityMaxRequestSize or LimitRequestBody. Blocks as the
 * request's input filters do, for as long as mod_reqtimeout and Timeout let it. OK with *body in
 * r->pool, or the HTTP status to answer with, whose reason is logged.
 */
int muse_body_read(request_rec *r, muse_body **body);

/*
 * Its request is refused before the body came. The connection is closed behind the answer, so that
 * no thread waits for a body, which may come as slowly as its client likes.
 */
void muse_body_pass_over(request_rec *r);

/* Gives its memory back; it is empty from then on. */
void muse_body_drop(muse_body *body);

#endif
