/* Files that lie beside pages, or among them, and are for nobody: copies of sources, and settings.
 */
#ifndef MUSE_SOURCE_H
#define MUSE_SOURCE_H

#include <httpd.h>

/*
 * Parent, while the configuration is read: a file that is never served, or a folder whose texts are
 * not. path lives as long as the configuration.
 */
void muse_source_note(apr_pool_t *pconf, const char *path);

/*
 * Child, fixups: HTTP_FORBIDDEN for what editors leave beside a .ai file, and for models.json,
 * prompts and keys, where MuseAiProtectSource is on.
 */
int muse_source_fixup(request_rec *r);

#endif
