/* Pages that are there in several languages by several files: page.es.ai beside page.ai. */
#ifndef MUSE_TRANSLATION_H
#define MUSE_TRANSLATION_H

#include <apr_tables.h>

#include "muse_language.h"

/* The number of the language in the name of a page's file, or -1. */
int muse_translation_of(const muse_languages *among, const char *file);

/*
 * Child, in fixups: makes r a request for the page's translation into its language, where there is
 * one, with all rules for that file. DECLINED, OK where it did, or what those rules answer.
 */
int muse_translation_take(request_rec *r, const muse_language *language);

/* The file of the page that r asks for: page.ai also where r became page.es.ai. */
const char *muse_translation_original(const request_rec *r);

/* Whether the page that r asks for, or is a translation of, has one into this language. */
int muse_translation_is_there(const request_rec *r, const char *tag);

/* The files of a page and of its translations, as far as they are there: const char *, in p. */
apr_array_header_t *muse_translation_files(apr_pool_t *p, const char *file);

#endif
