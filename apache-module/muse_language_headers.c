#include <string.h>

#include <httpd.h>
#include <http_core.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "muse_language_headers.h"
#include "muse_translation.h"

#define NOTE_LANG "muse-lang"

/* The request as the visitor made it, before httpd sent it elsewhere inside. */
static const request_rec *first_of(const request_rec *r)
{
    while (r->prev) {
        r = r->prev;
    }
    return r;
}

static int is_language_word(const char *word, size_t length)
{
    static const char *const names[] = {"lang", "language", "locale"};
    const size_t n = length ? strcspn(word, "=") : 0;
    size_t i;

    for (i = 0; i < sizeof names / sizeof *names; i++) {
        if (n == strlen(names[i]) && n <= length && !strncmp(word, names[i], n)) {
            return 1;
        }
    }
    return 0;
}

static int is_query_character(char c)
{
    return apr_isalnum(c) || (c && strchr("-._~!$&'()*+,;=:@/?%", c));
}

/* "?" and the query without the words that name a language, or "". */
static const char *other_words(apr_pool_t *p, const char *query)
{
    char *out;
    char *to;

    if (!query || !*query) {
        return "";
    }
    out = to = apr_palloc(p, 3 * strlen(query) + 2);
    while (*query) {
        const size_t length = strcspn(query, "&");
        size_t i;

        if (length && !is_language_word(query, length)) {
            *to = to == out ? '?' : '&';
            to++;
            for (i = 0; i < length; i++) {
                if (is_query_character(query[i])) {
                    *to++ = query[i];
                } else {
                    to += apr_snprintf(to, 4, "%%%02X", (unsigned char)query[i]);
                }
            }
        }
        query += length + (query[length] == '&');
    }
    *to = '\0';
    return out;
}

/* "https://www.example.com"; NULL: the visitor's name for this host can't stand in a header. */
static const char *host_of(request_rec *r)
{
    const char *url = ap_construct_url(r->pool, "", r);
    const char *c;

    for (c = url; *c; c++) {
        if (!apr_isalnum(*c) && !strchr("-._~:/[]%", *c)) {
            return NULL;
        }
    }
    return url;
}

/* own: the language that the page's front matter names, or NULL. */
static void set_alternates(const muse_request *q, const char *own)
{
    request_rec *r = q->r;
    const muse_languages *among = q->language.among;
    const request_rec *first = first_of(r);
    const char *stripped = apr_table_get(first->notes, MUSE_NOTE_SHORT);
    const char *path = stripped ? stripped : first->parsed_uri.path;
    const char *query = other_words(r->pool, first->parsed_uri.query);
    const char *host = host_of(r);
    apr_array_header_t *parts = apr_array_make(r->pool, among->count + 1, sizeof(const char *));
    int i;

    if (!host || !path || *path != '/') {
        return;
    }
    path = apr_pstrcat(r->pool, ap_os_escape_path(r->pool, path, 1), query, NULL);
    for (i = 0; i < among->count; i++) {
        const char *tag = among->tags[i];

        if (own && strcasecmp(own, tag) != 0 && !muse_translation_is_there(r, tag)) {
            continue;
        }
        APR_ARRAY_PUSH(parts, const char *) =
            apr_pstrcat(r->pool, "<", host, "/", tag, path, ">; rel=\"alternate\"; hreflang=\"",
                        tag, "\"", NULL);
    }
    APR_ARRAY_PUSH(parts, const char *) =
        apr_pstrcat(r->pool, "<", host, path, ">; rel=\"alternate\"; hreflang=\"x-default\"", NULL);
    apr_table_mergen(r->headers_out, "Link", apr_array_pstrcat(r->pool, parts, ','));
}

/* Whether other languages of this page are elsewhere, though it names its own. */
static int has_translations(const muse_request *q)
{
    const muse_languages *among = q->language.among;
    int i;

    if (q->language.translated) {
        return 1;
    }
    for (i = 0; i < among->count; i++) {
        if (muse_translation_is_there(q->r, among->tags[i])) {
            return 1;
        }
    }
    return 0;
}

static const char *own_language(const request_rec *r)
{
    const char *own = apr_table_get(r->headers_out, "Content-Language");

    return own ? own : apr_table_get(r->err_headers_out, "Content-Language");
}

void muse_language_headers(const muse_request *q)
{
    const muse_language *language = &q->language;
    request_rec *r = q->r;
    const char *own;

    if (!language->among) {
        return;
    }
    own = own_language(r);
    apr_table_setn(r->notes, NOTE_LANG, own ? own : language->tag);
    r->content_languages = NULL; /* by the suffix, of mod_mime */
    if (!own) {
        apr_table_setn(r->headers_out, "Content-Language", language->tag);
    }
    if (language->source == MUSE_LANGUAGE_OF_FILE || (own && !has_translations(q))) {
        return;
    }
    if (language->source == MUSE_LANGUAGE_OF_VISITOR) {
        apr_table_mergen(r->headers_out, "Vary", "Accept-Language, Cookie");
    }
    if (q->get && r->status == HTTP_OK && !q->prompted) {
        set_alternates(q, language->translated ? NULL : own);
    }
}
