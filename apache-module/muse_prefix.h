/*
 * A language before the path: /es/docs/page is /docs/page in Spanish, with all that is beside it,
 * wherever the directory of /docs/page lists the language and no file /es/docs/page is there.
 */
#ifndef MUSE_PREFIX_H
#define MUSE_PREFIX_H

#include <httpd.h>

/*
 * Child, post_perdir_config: goes on with the path without the language, before access is checked
 * and by all of httpd's steps up to here, so that all rules for that path hold. DECLINED, a
 * redirect, or what a step answers.
 */
int muse_prefix_take(request_rec *r);

/*
 * Child: a lookup of what is behind the language in the path of a URL; NULL: there is no such
 * prefix, or its language is none of those that are listed where that path leads.
 */
request_rec *muse_prefix_lookup(request_rec *r, const char *path);

/*
 * Child, fixups, before mod_dir: redirects folders to their slash without losing the language.
 */
int muse_prefix_folder(request_rec *r);

/*
 * Child, fixups, last: redirects to the path without the language what has none, such as another
 * application, where nobody else answers with the language before it.
 */
int muse_prefix_elsewhere(request_rec *r);

#endif
