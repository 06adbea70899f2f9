/* One request for a page, from its way into the handler to its answer. */
#ifndef MUSE_REQUEST_H
#define MUSE_REQUEST_H

#include <httpd.h>

#include "muse_body.h"
#include "muse_choice.h"
#include "muse_config.h"
#include "muse_language.h"
#include "muse_region.h"
#include "muse_store.h"

typedef struct muse_request muse_request;

/* Owned by r->pool, used by the thread that works on r. */
struct muse_request {
    request_rec *r;
    const muse_dir_config *config;
    muse_region *region;
    muse_choice choice;
    muse_language language;
    const char *query; /* as sent, less cache-bypass and muse-job; or NULL */
    const char *job;   /* the ID of muse-job, unchecked, for a deferred answer; or NULL */
    int cached;        /* whether this directory keeps answers */
    int bypass;        /* whether this client may and does skip the look-up */
    int stale;         /* whether the store has only a copy that may stand in for a failure */
    int refresh;       /* whether this is for the store and not for r's visitor */
    int status;        /* r->status as it came: an ErrorDocument's is the error's */
    int program;       /* whether what only programs ask for (events, deferral) may be had */
    int events;        /* whether events are named among what the client accepts */
    int get;           /* whether nothing is sent along: by GET or HEAD */
    int whole;         /* whether the request was read to its end: else it is only to be refused */
    muse_body *body;   /* of a POST, until its answer begins; or NULL */
    int prompted;      /* whether the visitor sends the prompt: there is no file */
    int door;          /* whether a program asks in OpenAI's protocol: its answer is no page */
    int admin;         /* whether this is a page for administrators */
    int counted;       /* whether it is counted: it asks for a page that may be written */
    int engine;        /* the number of the engine to ask first, modulo how many there are */
    muse_key page_key;
    /*
     * Once, when an engine was asked: what the handler returns. The status is what that ended with;
     * where it failed before a byte of its answer, what stands in for it is sent from here, and may
     * wait for the visitor as output filters do.
     */
    int (*settle)(const muse_request *q, int status);
};

/* Sets Vary: what of the request the answer depends on. */
void muse_request_vary(const muse_request *q);

#endif
