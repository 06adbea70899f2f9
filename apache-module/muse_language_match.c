#include <string.h>
#include <strings.h>

#include "muse_language_match.h"

enum {
    RANGES_MOST = 64, /* of one header; browsers send a handful */
    WEIGHT_MOST = 1000
};

/* A language range of RFC 4647, and its weight in thousandths. */
typedef struct {
    const char *text;
    size_t length;
    int weight;
} range;

typedef struct {
    const muse_languages *among;
    unsigned char refused[MUSE_TAGS_MOST]; /* by a weight of 0 */
} search;

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

static int is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static char in_case(char c, int upper)
{
    return is_letter(c) ? (char)(upper ? c & ~0x20 : c | 0x20) : c;
}

/* The length of the part of a tag that begins at text. */
static size_t part_length(const char *text, size_t length)
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
    size_t n = part_length(text, length > MUSE_TAG_MOST ? 0 : length);
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
        n = part_length(text + at, length - at);
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

/* Whether tag is text, or begins with it and goes on with a part of its own. */
static int begins_with(const char *tag, const char *text, size_t length)
{
    return !strncasecmp(tag, text, length) && (tag[length] == '\0' || tag[length] == '-');
}

static int find_tag(const search *s, const char *text, size_t length)
{
    int i;

    for (i = 0; i < s->among->count; i++) {
        if (!s->refused[i] && is_text(s->among->tags[i], text, length)) {
            return i;
        }
    }
    return -1;
}

static int find_meant(const search *s, const char *text, size_t length)
{
    size_t i;

    for (i = 0; i < sizeof meant / sizeof *meant; i++) {
        if (is_text(meant[i].name, text, length)) {
            return find_tag(s, meant[i].tag, strlen(meant[i].tag));
        }
    }
    return -1;
}

static int find_of_language(const search *s, const char *text, size_t length)
{
    int i = find_meant(s, text, length);

    if (i < 0) {
        for (i = 0; i < s->among->count; i++) {
            if (!s->refused[i] && begins_with(s->among->tags[i], text, length)) {
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
    const size_t language = part_length(text, length);
    const size_t script =
        language < length ? part_length(text + language + 1, length - language - 1) : 0;
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

/* RFC 4647, section 3.4; "a range" without a region takes any region of its language. */
static int look_up(const search *s, const char *text, size_t length)
{
    char plain[MUSE_TAG_MOST + 1];
    size_t n;
    int i = find_tag(s, text, length);

    if (part_length(text, length) == length) {
        return i < 0 ? find_of_language(s, text, length) : i;
    }
    n = length <= MUSE_TAG_MOST ? without_script(text, length, plain) : 0;
    if (i < 0 && n) {
        i = find_tag(s, plain, n);
    }
    while (i < 0 && (i = find_meant(s, text, length)) < 0) {
        length = shorter(text, length);
        i = find_tag(s, text, length);
        if (i < 0 && part_length(text, length) == length) {
            return -1;
        }
    }
    return i;
}

static int look_up_region(const search *s, const char *text, size_t length)
{
    return find_of_language(s, text, part_length(text, length));
}

/* First what is asked for, of any range; then other regions of the same languages. */
static int look_up_all(const search *s, const range *ranges, int count)
{
    int found = -1;
    int i;

    for (i = 0; i < count && found < 0; i++) {
        found = look_up(s, ranges[i].text, ranges[i].length);
    }
    for (i = 0; i < count && found < 0; i++) {
        found = look_up_region(s, ranges[i].text, ranges[i].length);
    }
    return found;
}

static void search_in(search *s, const muse_languages *among)
{
    s->among = among;
    memset(s->refused, 0, sizeof s->refused);
}

int muse_tag_named(const muse_languages *among, const char *text, size_t length)
{
    char tag[MUSE_TAG_MOST + 1];
    search s;
    int i;

    if (!muse_tag_read(text, length, tag)) {
        return -1;
    }
    search_in(&s, among);
    i = find_tag(&s, text, length);
    return i < 0 && part_length(text, length) == length ? find_of_language(&s, text, length) : i;
}

int muse_tag_nearest(const muse_languages *among, const char *text, size_t length)
{
    char tag[MUSE_TAG_MOST + 1];
    range one = {text, length, WEIGHT_MOST};
    search s;

    if (!muse_tag_read(text, length, tag)) {
        return -1;
    }
    search_in(&s, among);
    return look_up_all(&s, &one, 1);
}

/* qvalue of RFC 9110, section 12.4.2, in thousandths; -1: it is none. */
static int read_weight(const char *text, size_t length)
{
    int weight = length && (*text == '0' || *text == '1') ? (*text - '0') * WEIGHT_MOST : -1;
    int place = WEIGHT_MOST / 10;
    size_t i;

    if (weight < 0 || length > 5 || (length > 1 && text[1] != '.')) {
        return -1;
    }
    for (i = 2; i < length; i++, place /= 10) {
        if (!is_digit(text[i])) {
            return -1;
        }
        weight += (text[i] - '0') * place;
    }
    return weight <= WEIGHT_MOST ? weight : -1;
}

/* Parts of 1 to 8 letters and digits, the first of letters alone; or "*". */
static int is_range(const char *text, size_t length)
{
    size_t n = part_length(text, length);

    if (length == 1 && *text == '*') {
        return 1;
    }
    if (!is_all(is_letter, text, n)) {
        return 0;
    }
    while (n >= 1 && n <= 8) {
        text += n;
        length -= n;
        if (length == 0) {
            return 1;
        }
        if (*text != '-') {
            return 0;
        }
        text++;
        length--;
        n = part_length(text, length);
    }
    return 0;
}

/* One element of the header, without the commas around it. 0: it is not understood. */
static int read_range(const char *text, size_t length, range *out)
{
    const char *end = text + length;
    const char *semicolon;
    const char *weight;

    while (text < end && is_blank(*text)) {
        text++;
    }
    while (end > text && is_blank(end[-1])) {
        end--;
    }
    semicolon = memchr(text, ';', (size_t)(end - text));
    out->text = text;
    out->weight = WEIGHT_MOST;
    if (semicolon) {
        for (weight = semicolon + 1; weight < end && is_blank(*weight); weight++) {}
        if (end - weight < 2 || (*weight | 0x20) != 'q' || weight[1] != '=') {
            return 0;
        }
        out->weight = read_weight(weight + 2, (size_t)(end - weight - 2));
        for (end = semicolon; end > text && is_blank(end[-1]); end--) {}
    }
    out->length = (size_t)(end - text);
    return out->weight >= 0 && is_range(text, out->length);
}

static int is_star(const range *r)
{
    return *r->text == '*';
}

/* The header's ranges, the weightiest first, and of equal ones the first; how many there are. */
static int read_header(const char *header, range *ranges)
{
    int count = 0;

    while (*header && count < RANGES_MOST) {
        const size_t length = strcspn(header, ",");
        range one;
        int i;

        if (read_range(header, length, &one)) {
            for (i = count; i > 0 && ranges[i - 1].weight < one.weight; i--) {
                ranges[i] = ranges[i - 1];
            }
            ranges[i] = one;
            count++;
        }
        header += length + (header[length] == ',');
    }
    return count;
}

/* The range that says most of tag; NULL: none does, unless "*" is among them. */
static const range *narrowest(const range *ranges, int count, const char *tag)
{
    const range *found = NULL;
    int i;

    for (i = 0; i < count; i++) {
        const range *r = &ranges[i];
        const size_t length = is_star(r) ? 0 : r->length;

        if ((is_star(r) || begins_with(tag, r->text, length)) &&
            (!found || is_star(found) || (!is_star(r) && length > found->length))) {
            found = r;
        }
    }
    return found;
}

/* Any that no other range speaks of, which is what "*" means. */
static int find_other(const search *s, const range *ranges, int count, int fallback)
{
    int i;

    for (i = -1; i < s->among->count; i++) {
        const int tag = i < 0 ? fallback : i;
        const range *r = narrowest(ranges, count, s->among->tags[tag]);

        if (!s->refused[tag] && r && is_star(r)) {
            return tag;
        }
    }
    return -1;
}

/* Takes out what is refused: a weight of 0, unless a narrower range has another. */
static int refuse(search *s, const range *ranges, int count)
{
    int wanted = count;
    int i;

    while (wanted > 0 && ranges[wanted - 1].weight == 0) {
        wanted--;
    }
    for (i = 0; wanted < count && i < s->among->count; i++) {
        const range *r = narrowest(ranges, count, s->among->tags[i]);

        s->refused[i] = r && r->weight == 0;
    }
    return wanted;
}

int muse_tag_accepted(const muse_languages *among, const char *header, int fallback)
{
    range ranges[RANGES_MOST];
    const int count = read_header(header, ranges);
    int first = 0;
    int found = -1;
    search s;
    int wanted;
    int i;

    search_in(&s, among);
    wanted = refuse(&s, ranges, count);
    for (i = 0; i <= wanted && found < 0; i++) {
        if (i < wanted && !is_star(&ranges[i])) {
            continue;
        }
        found = look_up_all(&s, ranges + first, i - first);
        if (found < 0 && i < wanted) {
            found = find_other(&s, ranges, count, fallback);
        }
        first = i + 1;
    }
    /* Nothing of what is wanted: then at least nothing that is refused. */
    if (found < 0 && wanted < count && s.refused[fallback]) {
        for (i = 0; i < among->count && s.refused[i]; i++) {}
        found = i < among->count ? i : -1;
    }
    return found;
}
