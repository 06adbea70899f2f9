/*
 * Language tags (BCP 47), and which of several comes nearest to what is asked for. Knows no request
 * and allocates nothing; the texts may come from anybody.
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

/* A search in a site's languages, less those that are refused. */
typedef struct {
    const muse_languages *among;
    unsigned char refused[MUSE_TAGS_MOST];
} muse_tag_search;

void muse_tag_search_in(muse_tag_search *search, const muse_languages *among);

/*
 * The steps of muse_tag_nearest, for any language range that has no "*": first RFC 4647's lookup
 * (section 3.4), by which a language without a region takes any; then another region.
 */
int muse_tag_look_up(const muse_tag_search *search, const char *text, size_t length);
int muse_tag_look_up_region(const muse_tag_search *search, const char *text, size_t length);

/* The length of the part of a tag that begins at text: of letters and digits. */
size_t muse_tag_part(const char *text, size_t length);

/* Whether tag is text, or begins with it and goes on with a part of its own. */
int muse_tag_begins_with(const char *tag, const char *text, size_t length);

#endif
