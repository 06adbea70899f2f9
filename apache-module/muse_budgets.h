/*
 * MuseAiBudget: what the pages of a section may cost in a day. The budgets of all sections that a
 * request belongs to hold together; engines count.
 */
#ifndef MUSE_BUDGETS_H
#define MUSE_BUDGETS_H

#include <httpd.h>
#include <apr_tables.h>

#include "muse_budget.h"

/* One directive; constant once the configuration is read. */
typedef struct {
    const server_rec *server;
    const char *section; /* "Directory /srv/blog"; "" for the server itself */
    muse_budget_unit unit;
    apr_uint64_t limit;
} muse_budget_rule;

/*
 * The budgets of an outer and an inner section (const muse_budget_rule *), either may be NULL. Of
 * two for one section, such as a <Directory> that stands twice, the latter holds.
 */
apr_array_header_t *muse_budgets_merge(apr_pool_t *p, const apr_array_header_t *outer,
                                       apr_array_header_t *inner);

/* As engines read them: `UNIT LIMIT NAME`, a line each; NULL for none. */
const char *muse_budgets_text(apr_pool_t *p, const apr_array_header_t *budgets);

#endif
