/*
 * Language tags (BCP 47) and which of several a visitor gets: RFC 4647's lookup over the weights of
 * RFC 9110. Knows no request and allocates nothing; all that it reads may come from anybody.
 */
#ifndef MUSE_LANGUAGE_MATCH_H
#define MUSE_LANGUAGE_MATCH_H

#include <stddef.h>

enum {
    MUSE_TAG_MOST = 35,  /* characters of a tag (RFC 5646, section 4.4.1) */
    MUSE_TAGS_MOST = 128 /* languages of one site */
};

/* The languages of a site, in its order, as muse_tag_read gives them. */
typedef struct {
    int count;
    const char *const *tags;
    const char *joined; /* all of them, with a comma between */
} muse_languages;

/*
 * Reads a tag: a language, and maybe a script, a region and variants. Writes it in its usual case
 * ("ZH-hant-tw" is "zh-Hant-TW") to out, which has MUSE_TAG_MOST + 1 bytes. 0: it is none.
 */
int muse_tag_read(const char *text, size_t length, char *out);

/* These give the number of a language, or -1. */

/* Which one the text names, in any case, by its tag or by the language alone ("pt" for pt-BR). */
int muse_tag_named(const muse_languages *among, const char *text, size_t length);

/* Which one is nearest to what the text names, if there is any of that language. */
int muse_tag_nearest(const muse_languages *among, const char *text, size_t length);

/*
 * Which one an Accept-Language header asks for. fallback: the number of the one for which "*"
 * stands first. What is not understood of the header is passed over. -1: none of what it asks for.
 */
int muse_tag_accepted(const muse_languages *among, const char *header, int fallback);

#endif
