/* The setter of MuseAiBudget. */
#include <string.h>
#include <strings.h>

#include <httpd.h>
#include <http_config.h>
#include <http_core.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "muse_budgets.h"
#include "muse_config.h"
#include "muse_setters.h"
#include "muse_values.h"

enum { DECIMALS = 9 };

static const apr_uint64_t BILLION = 1000000000;
static const apr_uint64_t TOKENS_MOST = APR_UINT64_C(1000000000000);
static const apr_uint64_t COST_MOST = 1000000;

/* A number with so many decimals at most, in units of the last one. 0: it is none. */
static int parse_decimal(const char *arg, int decimals, apr_uint64_t most, apr_uint64_t *value)
{
    apr_uint64_t n = 0;
    int point = 0;
    const char *c;

    for (c = arg; apr_isdigit(*c) || (*c == '.' && !point && decimals && c > arg); c++) {
        if (*c == '.') {
            point = 1;
            continue;
        }
        if ((point && decimals-- == 0) || n > most) {
            return 0;
        }
        n = n * 10 + (apr_uint64_t)(*c - '0');
    }
    if (*c || c == arg || c[-1] == '.') {
        return 0;
    }
    while (decimals-- > 0) {
        n *= 10;
    }
    *value = n;
    return n <= most;
}

static const char *section_args(apr_pool_t *p, const char *args)
{
    char *text = apr_pstrdup(p, args);
    char *end = text + strlen(text);

    while (end > text && (end[-1] == '>' || apr_isspace(end[-1]))) {
        *--end = '\0';
    }
    return ap_getword_conf(p, (const char **)&text);
}

/* What only decides whether lines are read is no section of the server. */
static int is_place(const char *directive)
{
    static const char *const places[] = {
        "<Directory",  "<DirectoryMatch", "<Location",   "<LocationMatch",
        "<Files",      "<FilesMatch",     "<If",         "<ElseIf",
        "<Else",       "<Proxy",          "<ProxyMatch", "<Limit",
        "<LimitExcept"};
    size_t i;

    for (i = 0; i < sizeof places / sizeof *places; i++) {
        if (!strcasecmp(directive, places[i])) {
            return 1;
        }
    }
    return 0;
}

/* Where the directive stands, the outermost first; "" for the server itself. */
static const char *section_of(cmd_parms *cmd)
{
    const ap_directive_t *d;
    const char *section = "";

    if (ap_check_cmd_context(cmd, NOT_IN_HTACCESS)) {
        section = apr_pstrcat(cmd->pool, ".htaccess ", cmd->path, NULL);
    }
    for (d = cmd->directive->parent; d; d = d->parent) {
        if (is_place(d->directive)) {
            section =
                apr_pstrcat(cmd->pool, d->directive + 1, " ", section_args(cmd->pool, d->args),
                            *section ? " " : "", section, NULL);
        }
    }
    return section;
}

static const char *set_off(cmd_parms *cmd, muse_dir_config *c)
{
    if (ap_check_cmd_context(cmd, NOT_IN_HTACCESS)) {
        return apr_psprintf(cmd->pool,
                            "%s Off has no place in .htaccess: only the server's configuration "
                            "can take a budget away",
                            cmd->cmd->name);
    }
    c->budgets_off = 1;
    c->budgets = NULL;
    return NULL;
}

const char *muse_set_budget(cmd_parms *cmd, void *config, const char *amount, const char *unit)
{
    muse_dir_config *c = config;
    muse_budget_rule *rule = apr_pcalloc(cmd->pool, sizeof *rule);
    apr_array_header_t *own = NULL;

    if (!strcasecmp(amount, "Off") && !unit) {
        return set_off(cmd, c);
    }
    rule->server = cmd->server;
    rule->section = section_of(cmd);
    if (unit && !strcasecmp(unit, "tokens") &&
        parse_decimal(amount, 0, TOKENS_MOST, &rule->limit)) {
        rule->unit = MUSE_BUDGET_TOKENS;
    } else if (unit && !strcasecmp(unit, "cost") &&
               parse_decimal(amount, DECIMALS, COST_MOST * BILLION, &rule->limit)) {
        rule->unit = MUSE_BUDGET_COST;
    } else {
        return apr_psprintf(cmd->pool,
                            "%s: \"%s%s%s\" is no budget for a day; give tokens (to "
                            "1000000000000) or money in the currency of models.json (to 1000000), "
                            "for example: %s 200000 tokens, or %s 5.00 cost; or Off",
                            cmd->cmd->name, amount, unit ? " " : "", unit ? unit : "",
                            cmd->cmd->name, cmd->cmd->name);
    }
    muse_add_to(cmd->pool, &own, rule);
    c->budgets = muse_budgets_merge(cmd->pool, c->budgets, own);
    return NULL;
}
