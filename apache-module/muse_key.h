/* The page key: what an answer depends on, as far as httpd knows it. */
#ifndef MUSE_KEY_H
#define MUSE_KEY_H

#include <httpd.h>

#include "muse_choice.h"
#include "muse_language.h"
#include "muse_store.h"

/*
 * Made of all that can reach the prompt or the model's settings: virtual host, path, file with
 * time and size, prompt epoch, model, query (given without cache-bypass), language, declared
 * variables and the settings of the directory. Each part goes in with its length, so no two lists
 * look alike.
 */
void muse_key_make(const request_rec *r, const muse_region *region, const muse_choice *choice,
                   const muse_language *language, const char *query, muse_key *key);

/* 40 lower-case hexadecimal digits. */
const char *muse_key_hex(apr_pool_t *p, const muse_key *key);

#endif
