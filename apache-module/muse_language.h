/*
 * The language of an answer. What chooses it, the first that names one of the directory's: the
 * URL's first part, the query, a cookie, Accept-Language, the default.
 */
#ifndef MUSE_LANGUAGE_H
#define MUSE_LANGUAGE_H

#include <httpd.h>

#include "muse_language_match.h"

typedef enum {
    MUSE_LANGUAGE_OF_URL,     /* the URL says it: whoever asks for that gets the same */
    MUSE_LANGUAGE_OF_VISITOR, /* the visitor's browser does, or nobody */
    MUSE_LANGUAGE_OF_FILE     /* the file that was asked for: page.es.ai */
} muse_language_source;

/* Owned by r->pool. */
typedef struct {
    const muse_languages *among; /* those of the directory; NULL: it has none, nor what follows */
    const char *tag;
    const char *path; /* the URL's path without a language before it */
    muse_language_source source;
    int translated; /* whether the file was chosen by the language */
} muse_language;

void muse_language_choose(request_rec *r, muse_language *language);

/* Whether the directory of this configuration has languages. */
int muse_language_is_on(const request_rec *r);

/* The number of the language that stands before the URL's path, or -1. */
int muse_language_of_url(const request_rec *r);

/* Notes on requests; of what came before one (r->prev) or has it as a part (r->main) as well. */
#define MUSE_NOTE_PREFIX "muse-language-prefix" /* what stands before the path, as sent */
#define MUSE_NOTE_SHORT "muse-language-short"   /* the path without it, where it was taken off */
#define MUSE_NOTE_PATH "muse-language-path"     /* the same of a page, whose r->uri has it again */
#define MUSE_NOTE_TRANSLATED "muse-language-translated"

/*
 * Child, fixups: gives a page in the language of a prefix its own name back for those who keep
 * pages by their names, and takes page.es.ai in place of page.ai.
 */
int muse_language_fixup(request_rec *r);

#endif
