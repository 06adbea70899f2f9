/*
 * The backends of all servers, and their names. httpd's children and the engines need not be of one
 * configuration: after a graceful restart new children may ask an engine from before it, and old
 * ones a new engine. So a backend is named by what it is. An engine that does not know the name
 * refuses the request, and it is asked again until the one of the same configuration answers.
 */
#ifndef MUSE_BACKENDS_H
#define MUSE_BACKENDS_H

#include <httpd.h>

/*
 * Parent, post_config: names the backend of each server and writes the name, and what of it shapes
 * an answer, into the server's configuration, where they live as long as p. What was in force until
 * lately is kept over restarts, for children that still serve requests from then.
 */
void muse_backends_name(apr_pool_t *p, server_rec *main_server);

/*
 * Two fields of a JSON object: "backends", those in force, each once and the main server's first,
 * and "former", those that were. Hold keys of providers: for the engine only.
 */
const char *muse_backends_json(apr_pool_t *p, server_rec *main_server);

#endif
