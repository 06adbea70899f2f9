#include <httpd.h>
#include <http_config.h>
#include <http_log.h>

#include "muse_config.h"
#include "muse_debug.h"

APLOG_USE_MODULE(muse_ai);

int muse_debug_raise(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s)
{
    (void)plog;
    (void)ptemp;
    for (; s; s = s->next) {
        if (muse_or(muse_config_server(s)->debug, 0) &&
            ap_get_server_module_loglevel(s, APLOG_MODULE_INDEX) < APLOG_DEBUG) {
            /* Levels of single modules may be shared with other servers: a copy of our own. */
            s->log = *ap_new_log_config(pconf, &s->log);
            ap_set_module_loglevel(pconf, &s->log, APLOG_MODULE_INDEX, APLOG_DEBUG);
        }
    }
    return OK;
}
