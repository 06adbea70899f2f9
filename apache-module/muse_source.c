#include <string.h>
#include <strings.h>

#include <httpd.h>
#include <http_config.h>
#include <http_log.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "muse_config.h"
#include "muse_page.h"
#include "muse_source.h"

APLOG_USE_MODULE(muse_ai);

static apr_array_header_t *noted; /* const char *; the parent's, inherited by each child */

static apr_status_t forget(void *data)
{
    (void)data;
    noted = NULL;
    return APR_SUCCESS;
}

void muse_source_note(apr_pool_t *pconf, const char *path)
{
    int i;

    if (!noted) {
        noted = apr_array_make(pconf, 4, sizeof(const char *));
        apr_pool_cleanup_register(pconf, NULL, forget, apr_pool_cleanup_null);
    }
    for (i = 0; i < noted->nelts; i++) {
        if (!strcmp(APR_ARRAY_IDX(noted, i, const char *), path)) {
            return;
        }
    }
    APR_ARRAY_PUSH(noted, const char *) = path;
}

/* What editors and packagers put behind the dot of a copy: .bak, .swp (and .swo, .swn …), .1, .~1~
 */
static int is_copys_word(const char *word, size_t length)
{
    static const char *const words[] = {
        "bak",     "back",     "backup",  "bkp",      "copy",     "new",      "old",
        "orig",    "original", "prev",    "rej",      "save",     "saved",    "tmp",
        "temp",    "part",     "un",      "dpkg-old", "kate-swp", "dpkg-new", "dpkg-dist",
        "ucf-old", "ucf-new",  "rpmsave", "rpmnew",   "rpmorig",  "mine",     "theirs",
        "ours",    "diff",     "patch",
    };
    size_t i;

    for (i = 0; i < sizeof words / sizeof *words; i++) {
        if (strlen(words[i]) == length && !strncasecmp(word, words[i], length)) {
            return 1;
        }
    }
    if (length == 3 && !strncasecmp(word, "sw", 2)) {
        return 1;
    }
    for (i = 0; i < length && apr_isdigit(word[i]); i++) {}
    return i == length;
}

/* Whether what follows a name makes it the name of a copy. page.ai.html is none, page.ai.bak is. */
static int is_copys_end(const char *rest)
{
    size_t length;

    if (*rest != '.') {
        /* page.ai~ #page.ai# page.ai,v and, with nothing else behind, page.ai_old, "page.ai (1)" */
        return strchr("~#,", *rest) || (strchr("_- ", *rest) && !strchr(rest, '.'));
    }
    length = strcspn(++rest, ".~");
    return length ? is_copys_word(rest, length) && (!rest[length] || is_copys_end(rest + length))
                  : *rest == '~';
}

static int is_copy_of_page(const char *name)
{
    const char *at;

    for (at = name; *at; at++) {
        if (!strncasecmp(at, ".ai", 3) && at[3] && is_copys_end(at + 3)) {
            return 1;
        }
    }
    return 0;
}

static const char *base_of(const char *file)
{
    const char *slash = strrchr(file, '/');

    return slash ? slash + 1 : file;
}

/* Prompts that are no pages. */
static int is_text(const char *name)
{
    const char *at = strcasestr(name, ".txt");

    return at && (!at[4] || is_copys_end(at + 4));
}

/* A file that is asked for, and what tells its folders from others whatever links lead there. */
typedef struct {
    apr_pool_t *pool;
    const char *name; /* the whole of it */
    const char *base;
    apr_array_header_t *above; /* apr_finfo_t of the folders above it; NULL until it is needed */
} asked_file;

static int look(apr_pool_t *p, const char *name, apr_finfo_t *info)
{
    return apr_stat(info, name, APR_FINFO_IDENT, p) == APR_SUCCESS;
}

static int is_one(const apr_finfo_t *a, const apr_finfo_t *b)
{
    return a->inode == b->inode && a->device == b->device;
}

static int are_one(apr_pool_t *p, const char *a, const char *b)
{
    apr_finfo_t first;
    apr_finfo_t second;

    return look(p, a, &first) && look(p, b, &second) && is_one(&first, &second);
}

static const char *folder_of(apr_pool_t *p, const char *file)
{
    return apr_pstrmemdup(p, file, (apr_size_t)(base_of(file) - file));
}

/* Whether the name is that of the path's file, or of a copy of it. */
static int is_named(const char *name, const char *path)
{
    const char *base = base_of(path);

    for (; *name == '.' || *name == '#'; name++) {
        if (*base == *name) {
            break;
        }
    }
    return *base && !strncmp(name, base, strlen(base)) &&
           (!name[strlen(base)] || is_copys_end(name + strlen(base)));
}

static apr_array_header_t *look_above(apr_pool_t *p, const char *file)
{
    apr_array_header_t *above = apr_array_make(p, 8, sizeof(apr_finfo_t));
    char *name = apr_pstrdup(p, file);
    apr_finfo_t info;
    char *slash;

    while ((slash = strrchr(name, '/')) && slash > name) {
        *slash = '\0';
        if (look(p, name, &info)) {
            APR_ARRAY_PUSH(above, apr_finfo_t) = info;
        }
    }
    return above;
}

/* Whether the file lies in that folder, or in one in it. */
static int is_below(asked_file *file, const char *folder)
{
    const size_t length = strlen(folder);
    apr_finfo_t info;
    int i;

    if (!strncmp(file->name, folder, length) &&
        (file->name[length] == '/' || (length && folder[length - 1] == '/'))) {
        return 1;
    }
    if (!look(file->pool, folder, &info)) {
        return 0;
    }
    file->above = file->above ? file->above : look_above(file->pool, file->name);
    for (i = 0; i < file->above->nelts; i++) {
        if (is_one(&info, &APR_ARRAY_IDX(file->above, i, apr_finfo_t))) {
            return 1;
        }
    }
    return 0;
}

/* Whether the file is path, a copy of it, or, where path is a folder, a prompt in it. */
static int is_of(asked_file *file, const char *path)
{
    if (is_named(file->base, path)) {
        const char *own = folder_of(file->pool, file->name);
        const char *folder = folder_of(file->pool, path);

        if (!strcmp(own, folder) || are_one(file->pool, file->name, path) ||
            are_one(file->pool, own, folder)) {
            return 1;
        }
    }
    return is_text(file->base) && is_below(file, path);
}

static int is_setting(apr_pool_t *p, const char *name)
{
    const char *models = muse_config_global()->models;
    asked_file file = {.pool = p, .name = name, .base = base_of(name)};
    int i;

    if (models && is_of(&file, models)) {
        return 1;
    }
    for (i = 0; noted && i < noted->nelts; i++) {
        if (is_of(&file, APR_ARRAY_IDX(noted, i, const char *))) {
            return 1;
        }
    }
    return 0;
}

int muse_source_fixup(request_rec *r)
{
    int copy;

    if (!r->filename || r->finfo.filetype != APR_REG || r->proxyreq ||
        !muse_or(muse_config_dir(r)->protect_source, 1)) {
        return DECLINED;
    }
    copy = is_copy_of_page(base_of(r->filename));
    if (copy ? muse_page_is_illustrator(r) : !is_setting(r->pool, r->filename)) {
        return DECLINED;
    }
    ap_log_rerror(
        APLOG_MARK, APLOG_INFO, 0, r,
        "MUSE0101: %s is %s: refused; remove it from here, or say MuseAiProtectSource Off "
        "to send it as it is",
        r->filename,
        copy ? "a copy of a page's source, as editors make them"
             : "one of the settings of mod_muse_ai (a prompt, models.json or keys)");
    return HTTP_FORBIDDEN;
}
