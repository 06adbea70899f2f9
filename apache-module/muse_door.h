/*
 * Programs that speak OpenAI's protocol (SetHandler muse-ai-openai): who may, how often, and then
 * to the engine, which knows the protocol. Whatever goes wrong is told in that protocol's way.
 */
#ifndef MUSE_DOOR_H
#define MUSE_DOOR_H

#include <httpd.h>

#define MUSE_DOOR_HANDLER "muse-ai-openai"

/* Child, handler. */
int muse_door_run(request_rec *r);

#endif
