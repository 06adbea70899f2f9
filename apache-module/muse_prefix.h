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
 * Child, fixups, before mod_dir: redirects folders to their slash without losing the language.
 */
int muse_prefix_folder(request_rec *r);

/*
 * Child, fixups, last: redirects to the path without the language what has none, such as another
 * application, where nobody else answers with the language before it.
 */
int muse_prefix_elsewhere(request_rec *r);

#endif
