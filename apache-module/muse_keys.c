#include <string.h>

#include <httpd.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <apr_file_io.h>
#include <apr_hash.h>
#include <apr_lib.h>
#include <apr_strings.h>
#include <apr_thread_mutex.h>

#include "muse_clock.h"
#include "muse_config.h"
#include "muse_keys.h"
#include "muse_sha256.h"

APLOG_USE_MODULE(muse_ai);

enum {
    LINE_MOST = 512,
    NAME_MOST = 64,
    KEY_MOST = 4096,   /* longer is nobody's */
    READ_AGAIN = 1000, /* ms after which a file that could not be read is tried again */
};

#define SCHEME "sha256:"

typedef struct {
    const char *name;
    uint8_t digest[MUSE_SHA256_BYTES];
} client_key;

/* A file as it was read; its strings and itself are in pool. */
typedef struct {
    apr_pool_t *pool;
    apr_array_header_t *keys; /* client_key; empty when the file can't be read */
    apr_finfo_t info;         /* what tells a change: time, size, inode */
    int missing;
    uint64_t unread_at; /* muse_clock_ms when it was there and could not be read, or 0 */
} key_file;

static apr_array_header_t *noted; /* const char *; the parent's, for one reading of httpd.conf */

static struct {
    apr_thread_mutex_t *mutex; /* guards the table and what is in it */
    apr_pool_t *pool;
    apr_hash_t *files; /* path → key_file */
} child;

static apr_status_t forget(void *data)
{
    (void)data;
    noted = NULL;
    return APR_SUCCESS;
}

void muse_keys_note(apr_pool_t *pconf, const char *path)
{
    if (!noted) {
        noted = apr_array_make(pconf, 2, sizeof(const char *));
        apr_pool_cleanup_register(pconf, NULL, forget, apr_pool_cleanup_null);
    }
    APR_ARRAY_PUSH(noted, const char *) = path;
}

/* Reads 64 hex digits to the end of the text. */
static int read_digest(const char *hex, uint8_t digest[MUSE_SHA256_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    size_t i;

    for (i = 0; i < 2 * MUSE_SHA256_BYTES; i++) {
        const char *found = hex[i] ? strchr(digits, apr_tolower(hex[i])) : NULL;

        if (!found) {
            return 0;
        }
        digest[i / 2] = (uint8_t)(digest[i / 2] << 4 | (uint8_t)(found - digits));
    }
    return hex[i] == '\0';
}

/* NULL, and *key is filled in; or what is wrong. It names no part of the line. */
static const char *read_line(apr_pool_t *p, char *line, client_key *key)
{
    char *colon = strchr(line, ':');
    const char *c;

    if (!colon) {
        return "is not name:sha256:HASH";
    }
    *colon = '\0';
    for (c = line; apr_isalnum(*c) || (*c && strchr("._@-", *c)); c++) {}
    if (c == line || *c || c - line > NAME_MOST) {
        return "has a name that is not of letters, digits and . _ @ - (64 at most)";
    }
    if (strncasecmp(colon + 1, SCHEME, strlen(SCHEME)) != 0) {
        return "has no sha256: behind its name; a key itself does not belong into this file";
    }
    if (!read_digest(colon + 1 + strlen(SCHEME), key->digest)) {
        return "does not end with the 64 hex digits of a SHA-256";
    }
    key->name = apr_pstrdup(p, line);
    return NULL;
}

static void trim(char *line)
{
    size_t length = strlen(line);

    while (length && apr_isspace(line[length - 1])) {
        line[--length] = '\0';
    }
}

/*
 * Takes the next line as a string. APR_EOF: there is no more. One that is too long is cut, and
 * *whole 0: what is behind is none of its own. A NUL counts as another character that no key may
 * have.
 */
static apr_status_t next_line(apr_file_t *file, char line[LINE_MOST], int *whole)
{
    size_t length = 0;
    int any = 0;
    apr_status_t rv;
    char c;

    *whole = 1;
    while ((rv = apr_file_getc(&c, file)) == APR_SUCCESS) {
        any = 1;
        if (c == '\n') {
            break;
        }
        if (length < LINE_MOST - 1) {
            line[length++] = c ? c : '\1';
        } else {
            *whole = 0;
        }
    }
    line[length] = '\0';
    return any ? APR_SUCCESS : rv;
}

static apr_status_t read_lines(key_file *f, apr_file_t *file, const char *path, server_rec *s)
{
    char line[LINE_MOST];
    apr_status_t rv;
    int number = 0;
    int whole;

    while ((rv = next_line(file, line, &whole)) == APR_SUCCESS) {
        client_key key;
        const char *wrong;

        number++;
        trim(line);
        if (!*line || *line == '#') {
            continue;
        }
        wrong = whole ? read_line(f->pool, line, &key) : "has more than 511 characters";
        if (wrong) {
            ap_log_error(APLOG_MARK, APLOG_ERR, 0, s,
                         "MUSE0075: %s:%d: this line %s; it is passed over, the others hold", path,
                         number, wrong);
            continue;
        }
        APR_ARRAY_PUSH(f->keys, client_key) = key;
    }
    return APR_STATUS_IS_EOF(rv) ? APR_SUCCESS : rv;
}

static apr_status_t read_open(key_file *f, apr_file_t *file, const char *path, server_rec *s)
{
    apr_status_t rv;

    if (apr_file_info_get(&f->info,
                          APR_FINFO_MTIME | APR_FINFO_SIZE | APR_FINFO_IDENT | APR_FINFO_PROT,
                          file) == APR_SUCCESS &&
        (f->info.protection & APR_FPROT_WWRITE)) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, s,
                     "MUSE0077: everybody on this machine may write %s, and so add a key; say "
                     "chmod o-w",
                     path);
    }
    rv = read_lines(f, file, path, s);
    apr_file_close(file);
    return rv;
}

static void look(apr_pool_t *p, const char *path, apr_finfo_t *info, int *missing)
{
    memset(info, 0, sizeof *info);
    *missing =
        apr_stat(info, path, APR_FINFO_MTIME | APR_FINFO_SIZE | APR_FINFO_IDENT, p) != APR_SUCCESS;
}

static key_file *read_file(apr_pool_t *parent, const char *path, server_rec *s)
{
    apr_pool_t *p;
    key_file *f;
    apr_file_t *file;
    apr_status_t rv;

    apr_pool_create(&p, parent);
    f = apr_pcalloc(p, sizeof *f);
    f->pool = p;
    f->keys = apr_array_make(p, 8, sizeof(client_key));
    /* Before it is read: a change meanwhile is seen the next time. */
    look(p, path, &f->info, &f->missing);
    rv = apr_file_open(&file, path, APR_FOPEN_READ | APR_FOPEN_BUFFERED, APR_FPROT_OS_DEFAULT, p);
    if (rv == APR_SUCCESS) {
        rv = read_open(f, file, path, s);
    }
    if (rv != APR_SUCCESS) {
        apr_array_clear(f->keys);
        f->unread_at = f->missing ? 0 : muse_clock_ms();
        ap_log_error(APLOG_MARK, APLOG_ERR, rv, s,
                     "MUSE0076: %s can't be read, and nobody's key is known; the User of httpd has "
                     "to be able to read it (MuseAiClientKeys)",
                     path);
    }
    return f;
}

void muse_keys_test(apr_pool_t *pconf, server_rec *s)
{
    int i;

    for (i = 0; noted && i < noted->nelts; i++) {
        apr_pool_destroy(read_file(pconf, APR_ARRAY_IDX(noted, i, const char *), s)->pool);
    }
}

int muse_keys_check(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s)
{
    (void)plog;
    (void)ptemp;
    /* httpd reads its configuration twice when it starts: the second time is the one that holds. */
    if (ap_state_query(AP_SQ_MAIN_STATE) != AP_SQ_MS_CREATE_PRE_CONFIG) {
        muse_keys_test(pconf, s);
    }
    return OK;
}

void muse_keys_child(apr_pool_t *pchild, server_rec *s)
{
    (void)s;
    child.pool = pchild;
    child.files = apr_hash_make(pchild);
    apr_thread_mutex_create(&child.mutex, APR_THREAD_MUTEX_DEFAULT, pchild);
}

static int is_current(request_rec *r, const char *path, const key_file *f)
{
    apr_finfo_t now;
    int missing;

    /* What keeps it from being read (its mode, too many open files) need not change the file. */
    if (f->unread_at && muse_clock_ms() - f->unread_at >= READ_AGAIN) {
        return 0;
    }
    look(r->pool, path, &now, &missing);
    return missing == f->missing &&
           (missing || (now.mtime == f->info.mtime && now.size == f->info.size &&
                        now.inode == f->info.inode && now.device == f->info.device));
}

/* Under the mutex. */
static const key_file *current_file(request_rec *r, const char *path)
{
    key_file *f = apr_hash_get(child.files, path, APR_HASH_KEY_STRING);

    if (f && is_current(r, path, f)) {
        return f;
    }
    if (f) {
        apr_pool_destroy(f->pool);
    }
    f = read_file(child.pool, path, r->server);
    /* path is of the configuration, which lives as long as the child. */
    apr_hash_set(child.files, path, APR_HASH_KEY_STRING, f);
    return f;
}

/* How long it takes tells nothing of the digests. */
static int is_equal(const uint8_t *a, const uint8_t *b)
{
    unsigned differ = 0;
    size_t i;

    for (i = 0; i < MUSE_SHA256_BYTES; i++) {
        differ |= a[i] ^ b[i];
    }
    return differ == 0;
}

/* What is behind "Bearer" (RFC 6750, section 2.1), or NULL. */
static const char *bearer(const request_rec *r)
{
    const char *sent = apr_table_get(r->headers_in, "Authorization");

    if (!sent || strncasecmp(sent, "Bearer ", 7) != 0) {
        return NULL;
    }
    for (sent += 7; *sent == ' '; sent++) {}
    return *sent && strlen(sent) <= KEY_MOST ? sent : NULL;
}

const char *muse_keys_find(request_rec *r, const char *path)
{
    const char *sent = bearer(r);
    const char *name = NULL;
    const key_file *f;
    uint8_t digest[MUSE_SHA256_BYTES];
    int i;

    if (sent) {
        muse_sha256(sent, strlen(sent), digest);
        apr_thread_mutex_lock(child.mutex);
        f = current_file(r, path);
        for (i = 0; i < f->keys->nelts; i++) {
            const client_key *key = &APR_ARRAY_IDX(f->keys, i, client_key);

            if (is_equal(digest, key->digest)) {
                name = key->name;
            }
        }
        name = name ? apr_pstrdup(r->pool, name) : NULL;
        apr_thread_mutex_unlock(child.mutex);
    }
    if (!name) {
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r, "MUSE0078: client %s %s; see MuseAiClientKeys",
                      r->useragent_ip,
                      sent ? "sent a key that is in no line of the file" : "sent no key");
    }
    return name;
}
