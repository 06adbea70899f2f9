/* Setters of the directives about calls to providers: one backend for each server. */
#include <string.h>

#include <httpd.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_uri.h>

#include "muse_config.h"
#include "muse_setters.h"
#include "muse_values.h"

enum { ENDPOINTS_MOST = 32 }; /* as many as a model of models.json may have */

static muse_backend *backend(cmd_parms *cmd)
{
    return &muse_config_server(cmd->server)->calls;
}

/* What an endpoint of models.json may not have either. The text has no key in it. */
static const char *bad_parts(cmd_parms *cmd, const char *arg, const apr_uri_t *uri)
{
    if (uri->user || uri->password) {
        return apr_pstrcat(cmd->pool, cmd->cmd->name,
                           ": a key does not belong into the URL; say MuseAiApiKey, or \"api_key\" "
                           "in models.json",
                           NULL);
    }
    if (strpbrk(arg, "?#")) {
        return apr_psprintf(cmd->pool, "%s: \"%s\" has a \"?\" or \"#\", which no endpoint has",
                            cmd->cmd->name, arg);
    }
    return NULL;
}

/* NULL, or what is wrong with arg as an endpoint. */
static const char *bad_endpoint(cmd_parms *cmd, const char *arg)
{
    apr_uri_t uri;
    const char *c;

    for (c = arg; *c && !apr_isspace(*c) && !apr_iscntrl(*c); c++) {}
    if (!*c && apr_uri_parse(cmd->pool, arg, &uri) == APR_SUCCESS && uri.scheme &&
        (!strcasecmp(uri.scheme, "http") || !strcasecmp(uri.scheme, "https")) && uri.hostname &&
        *uri.hostname) {
        return bad_parts(cmd, arg, &uri);
    }
    return apr_psprintf(cmd->pool,
                        "%s: \"%s\" is not an http:// or https:// URL; for "
                        "example: %s https://api.openai.com/v1",
                        cmd->cmd->name, arg, cmd->cmd->name);
}

const char *muse_set_endpoint(cmd_parms *cmd, void *config, const char *arg)
{
    const char *error = bad_endpoint(cmd, arg);

    (void)config;
    if (!error) {
        backend(cmd)->endpoint = arg;
    }
    return error;
}

const char *muse_add_endpoint(cmd_parms *cmd, void *config, const char *arg)
{
    const char *error = bad_endpoint(cmd, arg);
    apr_array_header_t **list = &backend(cmd)->endpoints;
    int i;

    (void)config;
    for (i = 0; !error && *list && i < (*list)->nelts; i++) {
        if (!strcmp(APR_ARRAY_IDX(*list, i, const char *), arg)) {
            error = apr_psprintf(cmd->pool,
                                 "%s: %s stands here twice; an endpoint that is to get a larger "
                                 "share of the calls has a \"weight\" in models.json",
                                 cmd->cmd->name, arg);
        }
    }
    if (!error && *list && (*list)->nelts == ENDPOINTS_MOST) {
        error = apr_psprintf(cmd->pool, "%s: there are more than %d of them; leave some away",
                             cmd->cmd->name, ENDPOINTS_MOST);
    }
    if (!error) {
        muse_add_to(cmd->pool, list, arg);
    }
    return error;
}

const char *muse_set_api_key(cmd_parms *cmd, void *config, const char *arg)
{
    const char *c;

    (void)config;
    for (c = arg; *c; c++) {
        if (apr_iscntrl(*c) || apr_isspace(*c)) {
            break;
        }
    }
    /* The value itself is never repeated: messages end up in logs. */
    if (*arg == '\0' || *c) {
        return apr_psprintf(cmd->pool,
                            "%s: the key is empty or has white space or control "
                            "characters; better still, keep it out of the configuration: "
                            "PassEnv OPENAI_API_KEY, and \"api_key\": \"${OPENAI_API_KEY}\" in "
                            "models.json",
                            cmd->cmd->name);
    }
    backend(cmd)->api_key = arg;
    return NULL;
}

const char *muse_set_balance(cmd_parms *cmd, void *config, const char *arg)
{
    static const char *const methods[] = {"round_robin", "random", "least_connections"};
    size_t i;

    (void)config;
    for (i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (!strcasecmp(arg, methods[i])) {
            backend(cmd)->balance = methods[i];
            return NULL;
        }
    }
    return apr_psprintf(cmd->pool,
                        "%s: \"%s\" is none of round_robin, random and "
                        "least_connections",
                        cmd->cmd->name, arg);
}

const char *muse_set_backend_number(cmd_parms *cmd, void *config, const char *arg)
{
    const muse_number_range *range = cmd->info;

    (void)config;
    return muse_parse_number(cmd, arg, range, (int *)(void *)((char *)backend(cmd) + range->field));
}

const char *muse_set_thinking_off(cmd_parms *cmd, void *config, int on)
{
    (void)config;
    backend(cmd)->thinking_off = on ? 1 : 0;
    return NULL;
}

const char *muse_add_thinker(cmd_parms *cmd, void *config, const char *arg)
{
    const char *c;

    (void)config;
    for (c = arg; *c && !apr_iscntrl(*c); c++) {}
    if (*arg == '\0' || *c) {
        return apr_psprintf(cmd->pool,
                            "%s: the pattern is empty or has a control character; give a part of "
                            "a model's name, for example: %s deepseek-r1",
                            cmd->cmd->name, cmd->cmd->name);
    }
    muse_add_to(cmd->pool, &backend(cmd)->thinkers, arg);
    return NULL;
}
