/* What an engine is told: its environment, and the settings it reads as one line of JSON. */
#ifndef MUSE_SETTINGS_H
#define MUSE_SETTINGS_H

#include <httpd.h>

/* The settings of engine `index` as JSON, ended by a newline. Holds keys: for the engine only. */
const char *muse_settings_json(apr_pool_t *p, server_rec *main_server, int index);

/*
 * The engine's environment, ended by NULL: PATH, language, time zone, proxy and certificate
 * variables, MUSE_AI_*, and what PassEnv names. Nothing else of httpd's environment.
 */
const char *const *muse_settings_environment(apr_pool_t *p);

#endif
