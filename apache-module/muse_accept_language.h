/*
 * Which of a site's languages a browser asks for: RFC 4647's lookup over the weights of RFC 9110.
 * Knows no request and allocates nothing; the header may come from anybody.
 */
#ifndef MUSE_ACCEPT_LANGUAGE_H
#define MUSE_ACCEPT_LANGUAGE_H

#include "muse_language_match.h"

/*
 * The number of the language, of at least one, that an Accept-Language header asks for. fallback:
 * the number of the one for which "*" stands first. What is not understood of the header is passed
 * over. -1: none of what it asks for.
 */
int muse_accept_language(const muse_languages *among, const char *header, int fallback);

#endif
