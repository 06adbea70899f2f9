/*
 * Programs that speak OpenAI's protocol (SetHandler muse-ai-openai): who may, how often, and then
 * to the engine, which knows the protocol. Whatever goes wrong is told in that protocol's way.
 */
#ifndef MUSE_DOOR_H
#define MUSE_DOOR_H

#include "muse_request.h"

#define MUSE_DOOR_HANDLER "muse-ai-openai"

/* Child, handler. */
int muse_door_run(request_rec *r);

/*
 * For a request of a program that the engine could not answer: tells the status as JSON. Waits for
 * the client as output filters do. The handler's return value.
 */
int muse_door_settle(const muse_request *q, int status);

#endif
