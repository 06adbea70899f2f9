/*
 * One setter for each kind of directive, as httpd calls it: config is the directory's
 * muse_dir_config; the result is NULL, or what is wrong and what would be right.
 */
#ifndef MUSE_SETTERS_H
#define MUSE_SETTERS_H

#include <httpd.h>
#include <http_config.h>

/* For a directory. cmd->info is the field's place in muse_dir_config, or its range with that. */
const char *muse_set_number(cmd_parms *cmd, void *config, const char *arg);
const char *muse_set_limit_number(cmd_parms *cmd, void *config, const char *arg);
const char *muse_set_flag(cmd_parms *cmd, void *config, int on);
const char *muse_set_model(cmd_parms *cmd, void *config, const char *arg);
const char *muse_set_model_header(cmd_parms *cmd, void *config, const char *arg);
const char *muse_set_prompts_dir(cmd_parms *cmd, void *config, const char *arg);
const char *muse_set_csp(cmd_parms *cmd, void *config, const char *arg);
const char *muse_set_cache_bypass(cmd_parms *cmd, void *config, const char *arg);
const char *muse_add_env(cmd_parms *cmd, void *config, const char *arg);
const char *muse_set_limit_status(cmd_parms *cmd, void *config, const char *arg);
const char *muse_add_limit_free(cmd_parms *cmd, void *config, const char *arg);
const char *muse_set_size(cmd_parms *cmd, void *config, const char *arg);
const char *muse_set_client_keys(cmd_parms *cmd, void *config, const char *arg);
const char *muse_set_abandoned(cmd_parms *cmd, void *config, const char *arg);
const char *muse_add_origin(cmd_parms *cmd, void *config, const char *arg);
const char *muse_set_languages(cmd_parms *cmd, void *config, int argc, char *const argv[]);
const char *muse_set_budget(cmd_parms *cmd, void *config, const char *amount, const char *unit);
const char *muse_set_default_language(cmd_parms *cmd, void *config, const char *arg);

/* For a server. The number's muse_number_range has its place in muse_backend. */
const char *muse_set_endpoint(cmd_parms *cmd, void *config, const char *arg);
const char *muse_add_endpoint(cmd_parms *cmd, void *config, const char *arg);
const char *muse_set_api_key(cmd_parms *cmd, void *config, const char *arg);
const char *muse_set_balance(cmd_parms *cmd, void *config, const char *arg);
const char *muse_set_backend_number(cmd_parms *cmd, void *config, const char *arg);
const char *muse_set_thinking_off(cmd_parms *cmd, void *config, int on);
const char *muse_add_thinker(cmd_parms *cmd, void *config, const char *arg);
const char *muse_set_debug(cmd_parms *cmd, void *config, int on);
const char *muse_set_metrics(cmd_parms *cmd, void *config, int on);
const char *muse_set_metrics_path(cmd_parms *cmd, void *config, const char *arg);

/* Once for the whole httpd. */
const char *muse_set_models(cmd_parms *cmd, void *config, const char *arg);
const char *muse_set_node(cmd_parms *cmd, void *config, const char *arg);
const char *muse_set_engine(cmd_parms *cmd, void *config, const char *arg);
const char *muse_set_engines(cmd_parms *cmd, void *config, const char *arg);
const char *muse_set_shared_memory(cmd_parms *cmd, void *config, const char *arg);
const char *muse_set_state_dir(cmd_parms *cmd, void *config, const char *arg);
const char *muse_note_pass_env(cmd_parms *cmd, void *config, const char *arg);
const char *muse_set_pool_idle(cmd_parms *cmd, void *config, const char *arg);
const char *muse_set_pool_keep_alive(cmd_parms *cmd, void *config, int on);

#endif
