/* Which model a request asks for, as far as that is known before its page is read. */
#ifndef MUSE_CHOICE_H
#define MUSE_CHOICE_H

#include <httpd.h>

#include "muse_models.h"
#include "muse_region.h"

typedef struct {
    const char *forced; /* by the environment or the request header, over the page's own; or NULL */
    const char *fallback;              /* MuseAiModel: after the page's own; or NULL */
    uint8_t digest[MUSE_DIGEST_BYTES]; /* of the forced model's settings, else zero */
    uint64_t generation;               /* of the model table; 0 when the digest says all */
} muse_choice;

/*
 * Reads the environment (MuseAIModel, MUSE_AI_MODEL, also with REDIRECT_ before) and the header of
 * MuseAiModelHeader. A name that is not in the model table counts as not given; it is logged once
 * per name and minute.
 */
void muse_choice_make(request_rec *r, muse_region *region, muse_choice *choice);

#endif
