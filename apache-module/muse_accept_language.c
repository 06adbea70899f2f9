#include <string.h>

#include "muse_accept_language.h"

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

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int is_blank(char c)
{
    return c == ' ' || c == '\t';
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
    size_t n = muse_tag_part(text, length);
    size_t i;

    if (length == 1 && *text == '*') {
        return 1;
    }
    for (i = 0; i < n; i++) {
        if (is_digit(text[i])) {
            return 0;
        }
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
        n = muse_tag_part(text, length);
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

        if ((is_star(r) || muse_tag_begins_with(tag, r->text, length)) &&
            (!found || is_star(found) || (!is_star(r) && length > found->length))) {
            found = r;
        }
    }
    return found;
}

/* Any that no other range speaks of, which is what "*" means. */
static int find_other(const muse_tag_search *s, const range *ranges, int count, int fallback)
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
static int refuse(muse_tag_search *s, const range *ranges, int count)
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

/* First what is asked for, of any range; then other regions of the same languages. */
static int look_up_all(const muse_tag_search *s, const range *ranges, int count)
{
    int found = -1;
    int i;

    for (i = 0; i < count && found < 0; i++) {
        found = muse_tag_look_up(s, ranges[i].text, ranges[i].length);
    }
    for (i = 0; i < count && found < 0; i++) {
        found = muse_tag_look_up_region(s, ranges[i].text, ranges[i].length);
    }
    return found;
}

int muse_accept_language(const muse_languages *among, const char *header, int fallback)
{
    range ranges[RANGES_MOST];
    const int count = read_header(header, ranges);
    int first = 0;
    int found = -1;
    muse_tag_search s;
    int wanted;
    int i;

    muse_tag_search_in(&s, among);
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
