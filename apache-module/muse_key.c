#include <string.h>

#include <apr_escape.h>
#include <apr_sha1.h>

#include "muse_config.h"
#include "muse_key.h"

/* Gathers the parts, since apr_sha1_update costs more a call than a byte. */
typedef struct {
    apr_sha1_ctx_t sha1;
    size_t used;
    unsigned char bytes[1024];
} hasher;

static void add_bytes(hasher *h, const void *bytes, size_t length)
{
    if (h->used + length > sizeof h->bytes) {
        apr_sha1_update_binary(&h->sha1, h->bytes, (unsigned)h->used);
        h->used = 0;
    }
    if (length > sizeof h->bytes) {
        apr_sha1_update_binary(&h->sha1, bytes, (unsigned)length);
        return;
    }
    memcpy(h->bytes + h->used, bytes, length);
    h->used += length;
}

static void add_text(hasher *h, const char *text)
{
    const uint32_t length = text ? (uint32_t)strlen(text) : UINT32_MAX;

    add_bytes(h, &length, sizeof length);
    if (text) {
        add_bytes(h, text, length);
    }
}

void muse_key_make(const request_rec *r, uint64_t epoch, const muse_choice *choice,
                   const char *query, muse_key *key)
{
    const muse_dir_config *config = muse_config_dir(r);
    /* The first table comes with the first engine's first answer: before it is as after it. */
    const int64_t numbers[] = {
        r->finfo.mtime,
        r->finfo.size,
        (int64_t)epoch,
        choice->generation > 1 ? (int64_t)choice->generation : 1,
        (int64_t)config->max_tokens << 32 | (uint32_t)config->cache_ttl,
        (int64_t)config->prompts_minify << 32 | r->server->port,
        muse_or(config->scripts, 0),
    };
    hasher h;
    int i;

    apr_sha1_init(&h.sha1);
    h.used = 0;
    add_bytes(&h, numbers, sizeof numbers);
    add_bytes(&h, choice->digest, sizeof choice->digest);
    add_text(&h, r->server->server_hostname);
    add_text(&h, muse_config_server(r->server)->shape);
    add_text(&h, r->uri);
    add_text(&h, r->filename);
    add_text(&h, query);
    add_text(&h, choice->forced);
    add_text(&h, choice->fallback);
    add_text(&h, config->prompts_dir);
    for (i = 0; config->env && i < config->env->nelts; i++) {
        const char *name = APR_ARRAY_IDX(config->env, i, const char *);

        add_text(&h, name);
        add_text(&h, apr_table_get(r->subprocess_env, name));
    }
    apr_sha1_update_binary(&h.sha1, h.bytes, (unsigned)h.used);
    apr_sha1_final(key->bytes, &h.sha1);
}

const char *muse_key_hex(apr_pool_t *p, const muse_key *key)
{
    return apr_pescape_hex(p, key->bytes, sizeof key->bytes, 0);
}
