/* Metrics for Prometheus. */
#ifndef MUSE_METRICS_H
#define MUSE_METRICS_H

#include "muse_snapshot.h"

/* Text format 0.0.4: https://prometheus.io/docs/instrumenting/exposition_formats/ */
void muse_metrics_write(const muse_snapshot *snapshot, muse_text *text);

#endif
