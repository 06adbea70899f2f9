/* MuseAiMetricsEnable and MuseAiMetricsEndpoint: whether and where metrics are told. */
#ifndef MUSE_METRICS_PATH_H
#define MUSE_METRICS_PATH_H

#include <httpd.h>

/* Each request, fixups: gives the configured path its handler; 404 where metrics are Off. */
int muse_metrics_path_fixup(request_rec *r);

#endif
