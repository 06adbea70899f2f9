#include <string.h>

#include <httpd.h>
#include <http_config.h>
#include <http_log.h>
#include <http_request.h>
#include <apr_strings.h>

#include "muse_accept_language.h"
#include "muse_config.h"
#include "muse_language.h"
#include "muse_log.h"
#include "muse_page.h"
#include "muse_process.h"
#include "muse_translation.h"

APLOG_USE_MODULE(muse_ai);

int muse_language_is_on(const request_rec *r)
{
    const muse_languages *among = muse_config_dir(r)->languages;

    return among && among->count;
}

int muse_language_of_url(const request_rec *r)
{
    const muse_languages *among = muse_config_dir(r)->languages;

    for (; r; r = r->prev ? r->prev : r->main) {
        const char *prefix = apr_table_get(r->notes, MUSE_NOTE_PREFIX);

        if (prefix) {
            return muse_tag_named(among, prefix, strlen(prefix));
        }
    }
    return -1;
}

/* People write es_ES as well. */
static int nearest(const muse_languages *among, char *value)
{
    char *c;

    for (c = value; *c; c++) {
        if (*c == '_') {
            *c = '-';
        }
    }
    return muse_tag_nearest(among, value, strlen(value));
}

/*
 * The language that a word "name=value" of the text names: words are separated by one character,
 * and names are in the order in which they count.
 */
static int of_words(apr_pool_t *p, const muse_languages *among, const char *text, char separator,
                    const char *const *names)
{
    int found = -1;

    for (; *names && found < 0; names++) {
        const size_t length = strlen(*names);
        const char *word = text;

        while (word && found < 0) {
            const char *end = strchr(word, separator);
            const size_t n = end ? (size_t)(end - word) : strlen(word);

            if (n > length && n <= length + 3 * MUSE_TAG_MOST && word[length] == '=' &&
                !strncmp(word, *names, length)) {
                char *value = apr_pstrmemdup(p, word + length + 1, n - length - 1);
                char *c = value + strlen(value);

                while (c > value && (c[-1] == ' ' || c[-1] == '"')) {
                    *--c = '\0';
                }
                if (ap_unescape_urlencoded(value) == OK) {
                    found = nearest(among, *value == '"' ? value + 1 : value);
                }
            }
            word = end ? end + 1 : NULL;
            while (word && *word == ' ') {
                word++;
            }
        }
    }
    return found;
}

static int of_query(request_rec *r, const muse_languages *among)
{
    static const char *const names[] = {"lang", "language", "locale", NULL};

    return r->args ? of_words(r->pool, among, r->args, '&', names) : -1;
}

static int of_cookie(request_rec *r, const muse_languages *among)
{
    static const char *const names[] = {"language", "locale", "muse_lang", NULL};
    const char *cookies = apr_table_get(r->headers_in, "Cookie");

    return cookies ? of_words(r->pool, among, cookies, ';', names) : -1;
}

static int of_default(request_rec *r, const muse_languages *among)
{
    const char *tag = muse_config_dir(r)->default_language;
    const int i = tag ? muse_tag_named(among, tag, strlen(tag)) : 0;

    if (i < 0 && muse_process_region() &&
        muse_log_is_news(muse_process_region(), "default language", tag)) {
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r,
                      "MUSE0087: MuseAiDefaultLanguage %s is none of MuseAiLanguages %s, which "
                      "hold here; %s is the default in its place; name one of these",
                      tag, among->joined, among->tags[0]);
    }
    return i < 0 ? 0 : i;
}

static int of_visitor(request_rec *r, const muse_languages *among)
{
    const char *header = apr_table_get(r->headers_in, "Accept-Language");
    int i = of_cookie(r, among);
    int fallback;

    if (i >= 0) {
        return i;
    }
    fallback = of_default(r, among);
    i = header ? muse_accept_language(among, header, fallback) : -1;
    return i < 0 ? fallback : i;
}

void muse_language_choose(request_rec *r, muse_language *language)
{
    const muse_languages *among = muse_config_dir(r)->languages;
    const char *path;
    int i;

    memset(language, 0, sizeof *language);
    if (!among || !among->count) {
        return;
    }
    path = apr_table_get(r->notes, MUSE_NOTE_PATH);
    language->among = among;
    language->path = path ? path : r->uri;
    language->translated = apr_table_get(r->notes, MUSE_NOTE_TRANSLATED) != NULL;
    i = language->translated ? -1 : muse_translation_of(among, r->filename);
    if (i >= 0) {
        language->source = MUSE_LANGUAGE_OF_FILE;
    } else {
        language->source = MUSE_LANGUAGE_OF_URL;
        i = muse_language_of_url(r);
        i = i < 0 ? of_query(r, among) : i;
    }
    if (i < 0) {
        language->source = MUSE_LANGUAGE_OF_VISITOR;
        i = of_visitor(r, among);
    }
    language->tag = among->tags[i];
}

int muse_language_fixup(request_rec *r)
{
    muse_language language;
    int prefix;

    if (!muse_language_is_on(r) || !muse_page_is_handler(r->handler)) {
        return DECLINED;
    }
    prefix = muse_language_of_url(r);
    if (prefix >= 0) {
        /* mod_cache, where it is no quick handler, would take it for the page without a prefix. */
        apr_table_setn(r->notes, MUSE_NOTE_PATH, r->uri);
        r->uri =
            apr_pstrcat(r->pool, "/", muse_config_dir(r)->languages->tags[prefix], r->uri, NULL);
    }
    muse_language_choose(r, &language);
    return muse_translation_take(r, &language);
}
