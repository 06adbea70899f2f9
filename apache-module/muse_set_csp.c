/* The setter of MuseAiCsp, which looks for the mistakes that browsers pass over in silence. */
#include <httpd.h>
#include <http_config.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "muse_config.h"
#include "muse_setters.h"

/* Without their quotes these are the names of hosts. */
static const char *const keywords[] = {"self",         "none",          "unsafe-inline",
                                       "unsafe-eval",  "unsafe-hashes", "strict-dynamic",
                                       "report-sample"};

static int is_keyword(const char *word)
{
    size_t i;

    for (i = 0; i < sizeof keywords / sizeof *keywords; i++) {
        if (!strcasecmp(word, keywords[i])) {
            return 1;
        }
    }
    return 0;
}

static int is_directive_name(const char *word)
{
    const char *c = word;

    while (apr_isalpha(*c) || (*c == '-' && c > word)) {
        c++;
    }
    return c > word && *c == '\0';
}

/* One directive of the policy, such as "img-src 'self' data:". NULL, or what is wrong with it. */
static const char *check_directive(cmd_parms *cmd, char *directive)
{
    char *last = NULL;
    char *word = apr_strtok(directive, " \t", &last);

    if (!word) {
        return NULL;
    }
    if (!is_directive_name(word)) {
        return apr_psprintf(cmd->pool,
                            "%s: \"%s\" is not the name of a directive such as img-src; directives "
                            "are apart by semicolons, for example: %s \"default-src 'none'; "
                            "img-src 'self'\"",
                            cmd->cmd->name, word, cmd->cmd->name);
    }
    while ((word = apr_strtok(NULL, " \t", &last)) != NULL) {
        if (is_keyword(word)) {
            return apr_psprintf(cmd->pool,
                                "%s: %s needs single quotes around it, or browsers take it for the "
                                "name of a host: '%s'",
                                cmd->cmd->name, word, word);
        }
    }
    return NULL;
}

const char *muse_set_csp(cmd_parms *cmd, void *config, const char *arg)
{
    char *rest;
    char *directive;
    char *last = NULL;
    const char *c;

    if (!strcasecmp(arg, "Off")) {
        ((muse_dir_config *)config)->csp = "";
        return NULL;
    }
    for (c = arg; *c; c++) {
        if (apr_iscntrl(*c) || !apr_isascii(*c)) {
            return apr_psprintf(cmd->pool, "%s: a policy is one line of ASCII text",
                                cmd->cmd->name);
        }
    }
    rest = apr_pstrdup(cmd->pool, arg);
    for (directive = apr_strtok(rest, ";", &last); directive;
         directive = apr_strtok(NULL, ";", &last)) {
        const char *error = check_directive(cmd, directive);

        if (error) {
            return error;
        }
    }
    ((muse_dir_config *)config)->csp = arg;
    return NULL;
}
