/* Which requests are for .ai pages, and the protection of their source. */
#ifndef MUSE_PAGE_H
#define MUSE_PAGE_H

#include <httpd.h>

/* Handler names that mean a page; the second is an older name for the first. */
#define MUSE_HANDLER "muse-ai-handler"
#define MUSE_HANDLER_ALIAS "ai-file-handler"

/* Whether the handler of a request, which may be NULL, means a page. */
int muse_page_is_handler(const char *handler);

/*
 * Child, map_to_storage: lets /page find page.ai where no file page exists. Runs before httpd's
 * own walk, so that every rule for the real file applies. Always DECLINED.
 */
int muse_page_map(request_rec *r);

/*
 * Child, fixups: gives enabled .ai files our handler, and answers HTTP_FORBIDDEN for those that
 * are not enabled, unless they are Adobe Illustrator's or MuseAiProtectSource is Off.
 */
int muse_page_fixup(request_rec *r);

/*
 * Child, post_perdir_config: takes the mapping back where pages turn out not to be enabled, by
 * httpd's own walks once more with the name as it was; before access is checked, so that no rule
 * for the .ai file decides about another. DECLINED, or what a walk answers.
 */
int muse_page_unmap(request_rec *r);

/* Whether the file begins as Adobe Illustrator's do (%PDF- or %!PS). Opens and reads it. */
int muse_page_is_illustrator(request_rec *r);

#endif
