/* Setters of the directives that may differ for each directory. */
#include <httpd.h>
#include <http_protocol.h>
#include <apr_lib.h>
#include <apr_network_io.h>
#include <apr_strings.h>
#include <apr_uri.h>

#include "muse_config.h"
#include "muse_keys.h"
#include "muse_models.h"
#include "muse_setters.h"
#include "muse_source.h"
#include "muse_values.h"

const char *muse_set_number(cmd_parms *cmd, void *config, const char *arg)
{
    const muse_number_range *range = cmd->info;

    return muse_parse_number(cmd, arg, range, (int *)(void *)((char *)config + range->field));
}

/* A section that says anything of the limit has one of its own. */
const char *muse_set_limit_number(cmd_parms *cmd, void *config, const char *arg)
{
    ((muse_dir_config *)config)->limit_zone = muse_where(cmd);
    return muse_set_number(cmd, config, arg);
}

const char *muse_set_flag(cmd_parms *cmd, void *config, int on)
{
    *(int *)(void *)((char *)config + (size_t)(uintptr_t)cmd->info) = on ? 1 : 0;
    return NULL;
}

/* NULL when name can be a model's, else what is wrong with it. */
static const char *bad_model_name(const char *name)
{
    const char *c;

    if (*name == '\0') {
        return "is empty";
    }
    if (strlen(name) > MUSE_MODEL_NAME_MAX) {
        return "is longer than 127 bytes";
    }
    for (c = name; *c; c++) {
        if (apr_iscntrl(*c)) {
            return "has a control character";
        }
    }
    return NULL;
}

const char *muse_set_model(cmd_parms *cmd, void *config, const char *arg)
{
    const char *wrong = bad_model_name(arg);

    if (wrong) {
        return apr_psprintf(cmd->pool,
                            "%s: the model's name %s; give the \"name\" of a model in "
                            "models.json, for example: %s gpt-4o-mini",
                            cmd->cmd->name, wrong, cmd->cmd->name);
    }
    ((muse_dir_config *)config)->model = arg;
    return NULL;
}

const char *muse_set_model_header(cmd_parms *cmd, void *config, const char *arg)
{
    if (!strcasecmp(arg, "Off")) {
        ((muse_dir_config *)config)->model_header = "";
        return NULL;
    }
    if (*arg == '\0' || *ap_scan_http_token(arg) != '\0') {
        return apr_psprintf(cmd->pool,
                            "%s: \"%s\" is not the name of a request header; give one, "
                            "such as X-Muse-Model, or Off",
                            cmd->cmd->name, arg);
    }
    ((muse_dir_config *)config)->model_header = arg;
    return NULL;
}

const char *muse_set_prompts_dir(cmd_parms *cmd, void *config, const char *arg)
{
    const char *path = ap_server_root_relative(cmd->pool, arg);

    if (*arg == '\0' || !path) {
        return apr_psprintf(cmd->pool,
                            "%s: \"%s\" is not a path; give the folder that holds "
                            "system_prompt.ai and layout.ai, absolute or relative to ServerRoot",
                            cmd->cmd->name, arg);
    }
    ((muse_dir_config *)config)->prompts_dir = path;
    muse_source_note(cmd->pool, path);
    return NULL;
}

const char *muse_set_cache_bypass(cmd_parms *cmd, void *config, const char *arg)
{
    muse_dir_config *c = config;

    if (!strcasecmp(arg, "Off")) {
        c->cache_bypass = MUSE_BYPASS_OFF;
    } else if (!strcasecmp(arg, "Local")) {
        c->cache_bypass = MUSE_BYPASS_LOCAL;
    } else if (!strcasecmp(arg, "On")) {
        c->cache_bypass = MUSE_BYPASS_ON;
    } else {
        return apr_psprintf(cmd->pool,
                            "%s: \"%s\" is none of Local (only clients on this host), "
                            "On (everyone) and Off (no one)",
                            cmd->cmd->name, arg);
    }
    return NULL;
}

const char *muse_add_env(cmd_parms *cmd, void *config, const char *arg)
{
    const char *c = arg;

    if (apr_isalpha(*c) || *c == '_') {
        while (apr_isalnum(*c) || *c == '_') {
            c++;
        }
    }
    if (*arg == '\0' || *c != '\0') {
        return apr_psprintf(cmd->pool,
                            "%s: \"%s\" is not the name of an environment variable; "
                            "use letters, digits and _, for example: %s SITE_NAME",
                            cmd->cmd->name, arg, cmd->cmd->name);
    }
    muse_add_to(cmd->pool, &((muse_dir_config *)config)->env, arg);
    return NULL;
}

const char *muse_set_limit_status(cmd_parms *cmd, void *config, const char *arg)
{
    static const muse_number_range range = {0, 400, 599, "an HTTP error status", "429"};
    int status;
    const char *error = muse_parse_number(cmd, arg, &range, &status);

    if (error) {
        return error;
    }
    if (status != HTTP_INTERNAL_SERVER_ERROR &&
        ap_index_of_response(status) == ap_index_of_response(HTTP_INTERNAL_SERVER_ERROR)) {
        return apr_psprintf(cmd->pool, "%s: httpd knows no HTTP status %d; 429 and 503 are usual",
                            cmd->cmd->name, status);
    }
    ((muse_dir_config *)config)->limit_status = status;
    return NULL;
}

static const char *not_a_network(cmd_parms *cmd, const char *arg)
{
    return apr_psprintf(cmd->pool,
                        "%s: \"%s\" is not an IP address or network; for example: %s 127.0.0.1 "
                        "10.0.0.0/8 2001:db8::/32",
                        cmd->cmd->name, arg, cmd->cmd->name);
}

const char *muse_add_limit_free(cmd_parms *cmd, void *config, const char *arg)
{
    char *list = apr_pstrdup(cmd->pool, arg);
    char *last = NULL;
    char *word;
    int count = 0;

    for (word = apr_strtok(list, ",", &last); word; word = apr_strtok(NULL, ",", &last)) {
        char *mask = strchr(word, '/');
        apr_ipsubnet_t *subnet = NULL;

        if (mask) {
            *mask++ = '\0';
        }
        if (apr_ipsubnet_create(&subnet, word, mask, cmd->pool) != APR_SUCCESS) {
            return not_a_network(cmd, arg);
        }
        muse_add_to(cmd->pool, &((muse_dir_config *)config)->limit_free, subnet);
        count++;
    }
    return count ? NULL : not_a_network(cmd, arg);
}

const char *muse_set_size(cmd_parms *cmd, void *config, const char *arg)
{
    const muse_size_range *range = cmd->info;
    apr_off_t size = 0;
    const char *error = muse_parse_size(cmd, arg, range, &size);

    if (!error) {
        *(int *)(void *)((char *)config + range->field) = (int)size;
    }
    return error;
}

const char *muse_set_client_keys(cmd_parms *cmd, void *config, const char *arg)
{
    const int off = !strcasecmp(arg, "Off");
    const char *path = off ? "" : ap_server_root_relative(cmd->pool, arg);

    if (*arg == '\0' || !path) {
        return apr_psprintf(cmd->pool,
                            "%s: \"%s\" is not a path; give the file with the hashes of the keys, "
                            "absolute or relative to ServerRoot, or Off",
                            cmd->cmd->name, arg);
    }
    if (!off) {
        muse_keys_note(cmd->pool, path);
        muse_source_note(cmd->pool, path);
    }
    ((muse_dir_config *)config)->client_keys = path;
    return NULL;
}

const char *muse_set_abandoned(cmd_parms *cmd, void *config, const char *arg)
{
    muse_dir_config *c = config;

    if (!strcasecmp(arg, "Cancel")) {
        c->abandoned = MUSE_ABANDONED_CANCEL;
    } else if (!strcasecmp(arg, "Finish")) {
        c->abandoned = MUSE_ABANDONED_FINISH;
    } else {
        return apr_psprintf(cmd->pool,
                            "%s: \"%s\" is neither Cancel (the provider is told to stop when the "
                            "last reader leaves) nor Finish (the page is written for the cache)",
                            cmd->cmd->name, arg);
    }
    return NULL;
}

/* NULL, or what is wrong with arg as what browsers send as Origin (RFC 6454, section 7). */
static const char *bad_origin(cmd_parms *cmd, const char *arg)
{
    apr_uri_t uri;

    if (!strcmp(arg, "*") ||
        (apr_uri_parse(cmd->pool, arg, &uri) == APR_SUCCESS && uri.scheme && uri.hostname &&
         *uri.hostname && !uri.path && !uri.query && !uri.fragment && !uri.user)) {
        return NULL;
    }
    return apr_psprintf(cmd->pool,
                        "%s: \"%s\" is not an origin; give scheme, host and, unless it is the "
                        "usual one, port, for example: %s https://www.example.com, or * for all",
                        cmd->cmd->name, arg, cmd->cmd->name);
}

const char *muse_add_origin(cmd_parms *cmd, void *config, const char *arg)
{
    char *last = NULL;
    char *word;
    const char *error = NULL;

    for (word = apr_strtok(apr_pstrdup(cmd->pool, arg), ",", &last); word && !error;
         word = apr_strtok(NULL, ",", &last)) {
        error = bad_origin(cmd, word);
        if (!error) {
            muse_add_to(cmd->pool, &((muse_dir_config *)config)->origins, word);
        }
    }
    return error;
}
