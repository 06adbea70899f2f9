#include <string.h>

#include <httpd.h>
#include <http_config.h>
#include <apr_escape.h>
#include <apr_hash.h>
#include <apr_strings.h>

#include "muse_backend.h"
#include "muse_backends.h"
#include "muse_config.h"
#include "muse_json.h"
#include "muse_sha256.h"

/* Kept by httpd's parent for its whole life: plain bytes only, and a name with a version. */
#define RETAINED "mod_muse_ai/backends/2"

enum { SECRET = 32, NAME = 16, ROOM_FIRST = 4 };

/* For how long a request from before a restart may go on; longer than a page takes by default. */
#define FORMER_KEPT apr_time_from_sec(600)

typedef struct {
    char name[2 * NAME + 1];
    apr_pool_t *pool;
    char *fields;    /* of a JSON object, without its braces; in pool */
    apr_time_t left; /* when it was found to be in force no more; 0: it is */
    int in_force;
} known_backend;

typedef struct {
    unsigned char secret[SECRET];
    known_backend *known; /* in the process's pool, as many as there is room for */
    int room;
    int count;
} retained_backends;

static retained_backends *retained(void)
{
    retained_backends *kept = ap_retained_data_get(RETAINED);

    if (!kept) {
        kept = ap_retained_data_create(RETAINED, sizeof *kept);
        (void)apr_generate_random_bytes(kept->secret, sizeof kept->secret);
    }
    return kept;
}

/* What of the whole httpd's configuration decides which models there are, and with which keys. */
static const char *site_text(apr_pool_t *p)
{
    const muse_global_config *global = muse_config_global();

    return apr_pstrcat(p, muse_json_text(p, global->models), muse_json_texts(p, global->passed),
                       NULL);
}

/*
 * Equal texts have equal names while this httpd lives. The secret is there so that nobody who sees
 * a name can try which key of a provider fits it.
 */
static const char *make_name(apr_pool_t *p, const retained_backends *kept, const char *text)
{
    const size_t length = strlen(text);
    unsigned char *bytes = apr_palloc(p, SECRET + length);
    uint8_t digest[MUSE_SHA256_BYTES];

    memcpy(bytes, kept->secret, SECRET);
    memcpy(bytes + SECRET, text, length);
    muse_sha256(bytes, SECRET + length, digest);
    return apr_pescape_hex(p, digest, NAME, 0);
}

static known_backend *find(const retained_backends *kept, const char *name)
{
    int i;

    for (i = 0; i < kept->count; i++) {
        if (!strcmp(kept->known[i].name, name)) {
            return &kept->known[i];
        }
    }
    return NULL;
}

/* What was there before stays in the pool: it is less than what there is room for now. */
static void make_room(apr_pool_t *process, retained_backends *kept)
{
    known_backend *known = kept->known;

    kept->room = kept->room ? 2 * kept->room : ROOM_FIRST;
    kept->known = apr_palloc(process, sizeof *known * (size_t)kept->room);
    if (kept->count) {
        memcpy(kept->known, known, sizeof *known * (size_t)kept->count);
    }
}

static void keep(apr_pool_t *process, retained_backends *kept, const char *name, const char *fields)
{
    known_backend *known = find(kept, name);

    if (!known) {
        if (kept->count == kept->room) {
            make_room(process, kept);
        }
        known = &kept->known[kept->count++];
        apr_cpystrn(known->name, name, sizeof known->name);
        apr_pool_create(&known->pool, process);
        known->fields = apr_pstrdup(known->pool, fields);
    }
    known->in_force = 1;
    known->left = 0;
}

static void drop_old(retained_backends *kept)
{
    const apr_time_t now = apr_time_now();
    int left = 0;
    int i;

    for (i = 0; i < kept->count; i++) {
        known_backend *known = &kept->known[i];

        if (!known->in_force && !known->left) {
            known->left = now;
        }
        if (known->in_force || known->left + FORMER_KEPT > now) {
            kept->known[left++] = *known;
        } else {
            apr_pool_destroy(known->pool);
        }
    }
    kept->count = left;
}

static const char *title_of(apr_pool_t *p, const server_rec *s)
{
    return apr_psprintf(p, "%s:%u", s->server_hostname ? s->server_hostname : "main", s->port);
}

void muse_backends_name(apr_pool_t *p, server_rec *main_server)
{
    retained_backends *kept = retained();
    const char *site = site_text(p);
    server_rec *s;
    int i;

    for (i = 0; i < kept->count; i++) {
        kept->known[i].in_force = 0;
    }
    for (s = main_server; s; s = s->next) {
        muse_server_config *c = muse_config_server(s);
        const char *fields = muse_backend_fields(p, &c->calls);

        c->backend = make_name(p, kept, apr_pstrcat(p, site, fields, NULL));
        /* In a page's key, so that no child finds or keeps a page of other models. */
        c->shape = make_name(p, kept, apr_pstrcat(p, muse_backend_shape(p, &c->calls), site, NULL));
        keep(main_server->process->pool, kept, c->backend,
             apr_pstrcat(p, "\"name\":\"", c->backend,
                         "\",\"server\":", muse_json_text(p, title_of(p, s)), ",", fields, NULL));
    }
    drop_old(kept);
}

static void add_object(apr_pool_t *p, apr_array_header_t *list, const char *fields)
{
    APR_ARRAY_PUSH(list, const char *) = apr_pstrcat(p, "{", fields, "}", NULL);
}

const char *muse_backends_json(apr_pool_t *p, server_rec *main_server)
{
    const retained_backends *kept = retained();
    apr_hash_t *listed = apr_hash_make(p);
    apr_array_header_t *backends = apr_array_make(p, kept->count, sizeof(const char *));
    apr_array_header_t *former = apr_array_make(p, kept->count, sizeof(const char *));
    const server_rec *s;
    int i;

    for (s = main_server; s; s = s->next) {
        const char *name = muse_config_server(s)->backend;
        const known_backend *known = find(kept, name);

        if (known && !apr_hash_get(listed, name, APR_HASH_KEY_STRING)) {
            apr_hash_set(listed, name, APR_HASH_KEY_STRING, name);
            add_object(p, backends, known->fields);
        }
    }
    for (i = 0; i < kept->count; i++) {
        if (!kept->known[i].in_force) {
            add_object(p, former, kept->known[i].fields);
        }
    }
    return apr_pstrcat(p, "\"backends\":[", apr_array_pstrcat(p, backends, ','), "],\"former\":[",
                       apr_array_pstrcat(p, former, ','), "]", NULL);
}
