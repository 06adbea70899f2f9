/* SetHandler muse-ai-purge: by a POST, pages that are kept are kept no more. */
#ifndef MUSE_PURGER_H
#define MUSE_PURGER_H

#include <httpd.h>

/* Child, handler: DECLINED for other handlers. */
int muse_purger_run(request_rec *r);

#endif
