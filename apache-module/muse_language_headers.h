/* What an answer says of its language. */
#ifndef MUSE_LANGUAGE_HEADERS_H
#define MUSE_LANGUAGE_HEADERS_H

#include "muse_request.h"

/*
 * Sets Content-Language, Vary, Link (hreflang) and the log's note %{muse-lang}n. A Content-Language
 * that is there already is the page's own word: its front matter names its language, and so it has
 * no other, save for its translations.
 */
void muse_language_headers(const muse_request *q);

#endif
