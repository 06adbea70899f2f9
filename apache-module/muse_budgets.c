#include <string.h>

#include <apr_escape.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "muse_budgets.h"
#include "muse_sha256.h"

/* Of a name that is too long, so much stays, and a hash of all of it. */
enum { KEPT = 200, HASHED = 8 };

static int is_same(const muse_budget_rule *a, const muse_budget_rule *b)
{
    return a->server == b->server && a->unit == b->unit && !strcmp(a->section, b->section);
}

static int is_in(const muse_budget_rule *rule, const apr_array_header_t *budgets)
{
    int i;

    for (i = 0; i < budgets->nelts; i++) {
        if (is_same(rule, APR_ARRAY_IDX(budgets, i, const muse_budget_rule *))) {
            return 1;
        }
    }
    return 0;
}

apr_array_header_t *muse_budgets_merge(apr_pool_t *p, const apr_array_header_t *outer,
                                       apr_array_header_t *inner)
{
    apr_array_header_t *both;
    int i;

    if (!outer || !inner) {
        return inner ? inner : outer ? apr_array_copy(p, outer) : NULL;
    }
    both = apr_array_make(p, outer->nelts + inner->nelts, sizeof(const muse_budget_rule *));
    for (i = 0; i < outer->nelts; i++) {
        const muse_budget_rule *rule = APR_ARRAY_IDX(outer, i, const muse_budget_rule *);

        if (!is_in(rule, inner)) {
            APR_ARRAY_PUSH(both, const muse_budget_rule *) = rule;
        }
    }
    apr_array_cat(both, inner);
    return both;
}

/* A line break in a folder's name would begin another line. */
static char *without_controls(char *name)
{
    char *c;

    for (c = name; *c; c++) {
        if (apr_iscntrl(*c)) {
            *c = '?';
        }
    }
    return name;
}

static const char *shortened(apr_pool_t *p, const char *name)
{
    uint8_t digest[MUSE_SHA256_BYTES];
    size_t length = KEPT;

    if (strlen(name) <= MUSE_BUDGET_NAME_MAX) {
        return name;
    }
    while (length > 0 && ((unsigned char)name[length] & 0xc0) == 0x80) {
        length--; /* in the middle of a character */
    }
    muse_sha256(name, strlen(name), digest);
    return apr_psprintf(p, "%.*s... %s", (int)length, name, apr_pescape_hex(p, digest, HASHED, 0));
}

/* The same after a restart, wherever the section stands in which file. */
static const char *name_of(apr_pool_t *p, const muse_budget_rule *rule)
{
    const server_rec *s = rule->server;
    const char *section = *rule->section ? rule->section : "all pages";
    char *name;

    if (!s->is_virtual || !s->server_hostname) {
        name = apr_pstrdup(p, section);
    } else if (s->port) {
        name = apr_psprintf(p, "%s of %s:%u", section, s->server_hostname, (unsigned)s->port);
    } else {
        name = apr_psprintf(p, "%s of %s", section, s->server_hostname);
    }
    return shortened(p, without_controls(name));
}

const char *muse_budgets_text(apr_pool_t *p, const apr_array_header_t *budgets)
{
    const char *text = NULL;
    int i;

    for (i = 0; budgets && i < budgets->nelts; i++) {
        const muse_budget_rule *rule = APR_ARRAY_IDX(budgets, i, const muse_budget_rule *);

        text =
            apr_psprintf(p, "%s%s%s %" APR_UINT64_T_FMT " %s", text ? text : "", text ? "\n" : "",
                         muse_budget_unit_name(rule->unit), rule->limit, name_of(p, rule));
    }
    return text;
}
