#include <string.h>

#include <apr_escape.h>

#include "muse_config.h"
#include "muse_key.h"

typedef struct {
    apr_pool_t *pool; /* for what does not fit here */
    char *bytes;
    size_t used;
    size_t room;
    char here[1024];
} parts;

static void add_bytes(parts *p, const void *bytes, size_t length)
{
    if (p->room - p->used < length) {
        char *more;

        p->room = (p->used + length) * 2;
        more = apr_palloc(p->pool, p->room);
        memcpy(more, p->bytes, p->used);
        p->bytes = more;
    }
    memcpy(p->bytes + p->used, bytes, length);
    p->used += length;
}

static void add_text(parts *p, const char *text)
{
    const uint32_t length = text ? (uint32_t)strlen(text) : UINT32_MAX;

    add_bytes(p, &length, sizeof length);
    if (text) {
        add_bytes(p, text, length);
    }
}

/* Unset numbers are negative, and those must not be shifted. */
static int64_t pair(int high, int low)
{
    return (int64_t)((uint64_t)(uint32_t)high << 32 | (uint32_t)low);
}

void muse_key_make(const request_rec *r, const muse_region *region, const muse_choice *choice,
                   const muse_language *language, const char *query, muse_key *key)
{
    const muse_dir_config *config = muse_config_dir(r);
    /* The first table comes with the first engine's first answer: before it is as after it. */
    const int64_t numbers[] = {
        r->finfo.mtime,
        r->finfo.size,
        (int64_t)muse_epoch_get(region),
        choice->generation > 1 ? (int64_t)choice->generation : 1,
        pair(config->max_tokens, config->cache_ttl),
        pair(config->prompts_minify, r->server->port),
        muse_or(config->scripts, 0) | (language->among ? 2 : 0),
    };
    parts p;
    int i;

    p.pool = r->pool;
    p.bytes = p.here;
    p.used = 0;
    p.room = sizeof p.here;
    add_bytes(&p, numbers, sizeof numbers);
    add_bytes(&p, choice->digest, sizeof choice->digest);
    add_text(&p, r->server->server_hostname);
    add_text(&p, muse_config_server(r->server)->shape);
    add_text(&p, language->among ? language->path : r->uri);
    add_text(&p, r->filename);
    add_text(&p, query);
    add_text(&p, choice->forced);
    add_text(&p, choice->fallback);
    add_text(&p, config->prompts_dir);
    if (language->among) {
        add_text(&p, language->tag);
        add_text(&p, language->among->joined);
    }
    for (i = 0; config->env && i < config->env->nelts; i++) {
        const char *name = APR_ARRAY_IDX(config->env, i, const char *);

        add_text(&p, name);
        add_text(&p, apr_table_get(r->subprocess_env, name));
    }
    muse_store_key(region, p.bytes, p.used, key);
}

const char *muse_key_hex(apr_pool_t *p, const muse_key *key)
{
    char *text = apr_palloc(p, 2 * sizeof key->bytes + 1);

    (void)apr_escape_hex(text, key->bytes, sizeof key->bytes, 0, NULL);
    return text;
}
