#include <string.h>

#include <httpd.h>
#include <http_config.h>

#include "muse_config.h"
#include "muse_metrics_path.h"

#define HANDLER "muse-ai-metrics"
#define HANDLER_ALIAS "metrics-handler"

int muse_metrics_path_fixup(request_rec *r)
{
    const muse_server_config *config = muse_config_server(r->server);

    if (config->metrics_path && r->uri && !strcmp(r->uri, config->metrics_path)) {
        r->handler = HANDLER;
    }
    return !config->metrics && r->handler &&
                   (!strcmp(r->handler, HANDLER) || !strcmp(r->handler, HANDLER_ALIAS))
               ? HTTP_NOT_FOUND
               : DECLINED;
}
