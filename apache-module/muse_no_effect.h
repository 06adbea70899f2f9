/* Directives that are taken so that a configuration loads, and that do nothing here. */
#ifndef MUSE_NO_EFFECT_H
#define MUSE_NO_EFFECT_H

#include <httpd.h>
#include <http_config.h>

/* One that stands in the configuration, where it was met first. */
typedef struct {
    const char *name;
    const char *where; /* "file:line" */
    const char *why;   /* and what does what it was meant for */
    int more;          /* other places */
} muse_no_effect;

/* The setter of all of them: refuses a wrong value, as if it had an effect. */
const char *muse_note_no_effect(cmd_parms *cmd, void *config, const char *arg);

/*
 * Parent, post_config: says which there are, once; after a restart only if they are others than
 * before.
 */
int muse_no_effect_say(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s);

#endif
