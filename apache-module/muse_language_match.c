#include <string.h>
#include <strings.h>

#include "muse_language_match.h"

/* What a name without a region, or with a script in place of it, or of a near region, means. */
static const struct {
    const char *name;
    const char *tag;
} meant[] = {
    {"zh", "zh-CN"},      {"pt", "pt-BR"},      {"es", "es-ES"},    {"en", "en-US"},
    {"zh-Hans", "zh-CN"}, {"zh-Hant", "zh-TW"}, {"zh-SG", "zh-CN"}, {"zh-HK", "zh-TW"},
    {"zh-MO", "zh-TW"},   {"no", "nb"},         {"iw", "he"},       {"in", "id"},
};

/* In ASCII whatever the locale is. */
static int is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static char in_case(char c, int upper)
{
    return is_letter(c) ? (char)(upper ? c & ~0x20 : c | 0x20) : c;
}

size_t muse_tag_part(const char *text, size_t length)
{
    size_t n = 0;

    while (n < length && (is_letter(text[n]) || is_digit(text[n]))) {
        n++;
    }
    return n;
}

static int is_all(int (*kind)(char), const char *text, size_t length)
{
    size_t i;

    for (i = 0; i < length && kind(text[i]); i++) {}
    return i == length;
}

/* The parts of a tag in their order (RFC 5646, section 2.1). */
enum { SCRIPT = 1, REGION, VARIANT };

/* Which part this is, of those behind `after`; 0: none. */
static int kind_of(const char *part, size_t n, int after)
{
    if (after < SCRIPT && n == 4 && is_all(is_letter, part, n)) {
        return SCRIPT;
    }
    if (after < REGION &&
        ((n == 2 && is_all(is_letter, part, n)) || (n == 3 && is_all(is_digit, part, n)))) {
        return REGION;
    }
    return (n >= 5 && n <= 8) || (n == 4 && is_digit(*part)) ? VARIANT : 0;
}

int muse_tag_read(const char *text, size_t length, char *out)
{
    size_t n = muse_tag_part(text, length > MUSE_TAG_MOST ? 0 : length);
    size_t at = 0;
    int kind = 0;
    size_t i;

    if (n < 2 || n > 3 || !is_all(is_letter, text, n)) {
        return 0;
    }
    for (;;) {
        for (i = 0; i < n; i++) {
            out[at + i] = in_case(text[at + i], kind == REGION || (kind == SCRIPT && i == 0));
        }
        at += n;
        if (at == length) {
            out[at] = '\0';
            return 1;
        }
        if (text[at] != '-') {
            return 0;
        }
        out[at++] = '-';
        n = muse_tag_part(text + at, length - at);
        kind = kind_of(text + at, n, kind);
        if (!kind) {
            return 0;
        }
    }
}

static int is_text(const char *tag, const char *text, size_t length)
{
    return strlen(tag) == length && !strncasecmp(tag, text, length);
}

int muse_tag_begins_with(const char *tag, const char *text, size_t length)
{
    return !strncasecmp(tag, text, length) && (tag[length] == '\0' || tag[length] == '-');
}

static int find_tag(const muse_tag_search *s, const char *text, size_t length)
{
    int i;

    for (i = 0; i < s->among->count; i++) {
        if (!s->refused[i] && is_text(s->among->tags[i], text, length)) {
            return i;
        }
    }
    return -1;
}

static int find_meant(const muse_tag_search *s, const char *text, size_t length)
{
    size_t i;

    for (i = 0; i < sizeof meant / sizeof *meant; i++) {
        if (is_text(meant[i].name, text, length)) {
            return find_tag(s, meant[i].tag, strlen(meant[i].tag));
        }
    }
    return -1;
}

static int find_of_language(const muse_tag_search *s, const char *text, size_t length)
{
    int i = find_meant(s, text, length);

    if (i < 0) {
        for (i = 0; i < s->among->count; i++) {
            if (!s->refused[i] && muse_tag_begins_with(s->among->tags[i], text, length)) {
                return i;
            }
        }
        i = -1;
    }
    return i;
}

/* "zh-Hant-TW" without its script; 0: it is not of that form. */
static size_t without_script(const char *text, size_t length, char *out)
{
    const size_t language = muse_tag_part(text, length);
    const size_t script =
        language < length ? muse_tag_part(text + language + 1, length - language - 1) : 0;
    const size_t rest = language + 1 + script;

    if (script != 4 || rest >= length) {
        return 0;
    }
    memcpy(out, text, language);
    memcpy(out + language, text + rest, length - rest);
    return length - script - 1;
}

/* The range with a part less: also a lone letter goes, which only introduces what follows it. */
static size_t shorter(const char *text, size_t length)
{
    while (length > 0 && text[length - 1] != '-') {
        length--;
    }
    length -= length > 0;
    return length > 1 && text[length - 2] == '-' ? length - 2 : length;
}

int muse_tag_look_up(const muse_tag_search *s, const char *text, size_t length)
{
    char plain[MUSE_TAG_MOST + 1];
    size_t n;
    int i = find_tag(s, text, length);

    if (muse_tag_part(text, length) == length) {
        return i < 0 ? find_of_language(s, text, length) : i;
    }
    n = length <= MUSE_TAG_MOST ? without_script(text, length, plain) : 0;
    if (i < 0 && n) {
        i = find_tag(s, plain, n);
    }
    while (i < 0 && (i = find_meant(s, text, length)) < 0) {
        length = shorter(text, length);
        i = find_tag(s, text, length);
        if (i < 0 && muse_tag_part(text, length) == length) {
            return -1;
        }
    }
    return i;
}

int muse_tag_look_up_region(const muse_tag_search *s, const char *text, size_t length)
{
    return find_of_language(s, text, muse_tag_part(text, length));
}

void muse_tag_search_in(muse_tag_search *s, const muse_languages *among)
{
    s->among = among;
    memset(s->refused, 0, sizeof s->refused);
}

/* Begins to search for what the text names; 0 where that is no tag. */
static int search_for(muse_tag_search *s, const muse_languages *among, const char *text,
                      size_t length)
{
    char tag[MUSE_TAG_MOST + 1];

    muse_tag_search_in(s, among);
    return muse_tag_read(text, length, tag);
}

int muse_tag_named(const muse_languages *among, const char *text, size_t length)
{
    muse_tag_search s;
    int i;

    if (!search_for(&s, among, text, length)) {
        return -1;
    }
    i = find_tag(&s, text, length);
    return i < 0 && muse_tag_part(text, length) == length ? find_of_language(&s, text, length) : i;
}

int muse_tag_nearest(const muse_languages *among, const char *text, size_t length)
{
    muse_tag_search s;
    int i;

    if (!search_for(&s, among, text, length)) {
        return -1;
    }
    i = muse_tag_look_up(&s, text, length);
    return i < 0 ? muse_tag_look_up_region(&s, text, length) : i;
}
