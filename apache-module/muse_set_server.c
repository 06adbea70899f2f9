/* Setters of the directives for a server, and of those that httpd has once. */
#include <httpd.h>
#include <http_core.h>
#include <apr_strings.h>

#include "muse_config.h"
#include "muse_engines.h"
#include "muse_setters.h"
#include "muse_values.h"

/* The global settings, for the setters only: everyone else reads. */
static muse_global_config *global_for_writing(void)
{
    return (muse_global_config *)(uintptr_t)muse_config_global();
}

/* Global directives belong to the main server, since all virtual hosts share the engines. */
static const char *global_only(cmd_parms *cmd)
{
    return ap_check_cmd_context(cmd, GLOBAL_ONLY);
}

static const char *set_path(cmd_parms *cmd, const char *arg, const char **path, const char **at)
{
    const char *error = global_only(cmd);

    if (error) {
        return error;
    }
    *path = *arg ? ap_server_root_relative(cmd->pool, arg) : NULL;
    if (!*path) {
        return apr_psprintf(cmd->pool,
                            "%s: \"%s\" is not a path; give one, absolute or relative "
                            "to ServerRoot",
                            cmd->cmd->name, arg);
    }
    *at = muse_where(cmd);
    return NULL;
}

const char *muse_set_models(cmd_parms *cmd, void *config, const char *arg)
{
    muse_global_config *global = global_for_writing();

    (void)config;
    return set_path(cmd, arg, &global->models, &global->models_where);
}

const char *muse_set_state_dir(cmd_parms *cmd, void *config, const char *arg)
{
    const char *where;

    (void)config;
    return set_path(cmd, arg, &global_for_writing()->state_dir, &where);
}

const char *muse_set_node(cmd_parms *cmd, void *config, const char *arg)
{
    muse_global_config *global = global_for_writing();

    (void)config;
    return set_path(cmd, arg, &global->node, &global->node_where);
}

const char *muse_set_engine(cmd_parms *cmd, void *config, const char *arg)
{
    muse_global_config *global = global_for_writing();

    (void)config;
    return set_path(cmd, arg, &global->engine, &global->engine_where);
}

const char *muse_set_engines(cmd_parms *cmd, void *config, const char *arg)
{
    static const muse_number_range range = {0, 1, MUSE_ENGINES_MAX, "engines", "1"};
    const char *error = global_only(cmd);

    (void)config;
    return error ? error : muse_parse_number(cmd, arg, &range, &global_for_writing()->engines);
}

const char *muse_set_shared_memory(cmd_parms *cmd, void *config, const char *arg)
{
    static const muse_size_range wide = {0, (apr_off_t)1 << 20, (apr_off_t)64 << 30,
                                         "from 1M to 64G", "64M"};
    static const muse_size_range narrow = {0, (apr_off_t)1 << 20, (apr_off_t)1 << 30,
                                           "from 1M to 1G", "64M"};
    const char *error = global_only(cmd);

    (void)config;
    return error ? error
                 : muse_parse_size(cmd, arg, sizeof(size_t) > 4 ? &wide : &narrow,
                                   &global_for_writing()->shared_memory);
}

/*
 * mod_env's directive too, which still does its own part: here it names what the engine may have
 * of httpd's environment. What an .htaccess file says comes too late and from the wrong person.
 */
const char *muse_note_pass_env(cmd_parms *cmd, void *config, const char *arg)
{
    (void)config;
    if (!ap_check_cmd_context(cmd, NOT_IN_HTACCESS)) {
        APR_ARRAY_PUSH(global_for_writing()->passed, const char *) = arg;
    }
    return NULL;
}

const char *muse_set_debug(cmd_parms *cmd, void *config, int on)
{
    (void)config;
    muse_config_server(cmd->server)->debug = on ? 1 : 0;
    return NULL;
}

const char *muse_set_metrics(cmd_parms *cmd, void *config, int on)
{
    (void)config;
    muse_config_server(cmd->server)->metrics = on ? 1 : 0;
    return NULL;
}

const char *muse_set_metrics_path(cmd_parms *cmd, void *config, const char *arg)
{
    (void)config;
    if (*arg != '/' || strpbrk(arg, "?#")) {
        return apr_psprintf(cmd->pool,
                            "%s: \"%s\" is not the path of a URL; for example: %s /metrics",
                            cmd->cmd->name, arg, cmd->cmd->name);
    }
    muse_config_server(cmd->server)->metrics_path = arg;
    return NULL;
}

const char *muse_set_pool_idle(cmd_parms *cmd, void *config, const char *arg)
{
    static const muse_number_range range = {0, 1, 3600, "seconds", "4"};
    const char *error = global_only(cmd);

    (void)config;
    return error ? error : muse_parse_number(cmd, arg, &range, &global_for_writing()->pool_idle);
}

const char *muse_set_pool_keep_alive(cmd_parms *cmd, void *config, int on)
{
    const char *error = global_only(cmd);

    (void)config;
    if (!error) {
        global_for_writing()->pool_keep_alive = on ? 1 : 0;
    }
    return error;
}
