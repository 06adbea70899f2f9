/* Accept-Language and language tags, from anybody: a language of the site or none, and no more. */
#include "fuzz.h"
#include "muse_accept_language.h"

static const char *const many[] = {"en-GB", "en-US", "es-ES", "zh-Hant-TW", "zh-CN", "pt-BR", "nb"};
static const char *const one[] = {"fr"};

/* A text without a NUL behind it, in memory of just its length. */
static void check_tag(const muse_languages *among, const char *text, size_t length)
{
    char *alone = malloc(length ? length : 1);
    char tag[MUSE_TAG_MOST + 1];
    char again[MUSE_TAG_MOST + 1];
    int named;
    int nearest;

    FUZZ_CHECK(alone);
    memcpy(alone, text, length);
    named = muse_tag_named(among, alone, length);
    nearest = muse_tag_nearest(among, alone, length);
    FUZZ_CHECK(named >= -1 && named < among->count && nearest >= -1 && nearest < among->count);
    FUZZ_CHECK(named < 0 || nearest >= 0);
    if (muse_tag_read(alone, length, tag)) {
        FUZZ_CHECK(strlen(tag) == length && muse_tag_read(tag, length, again));
        FUZZ_CHECK(!strcmp(tag, again) && muse_tag_named(among, tag, length) == named);
        FUZZ_CHECK(muse_accept_language(among, tag, 0) == nearest);
    } else {
        FUZZ_CHECK(named < 0 && nearest < 0);
    }
    free(alone);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const muse_languages sites[] = {{7, many, NULL}, {1, one, NULL}};
    fuzz_input in = fuzz_input_of(data, size);
    const muse_languages *among = &sites[fuzz_byte(&in) % 2];
    const int fallback = fuzz_byte(&in) % among->count;
    char *header = fuzz_line(&in);
    const int found = muse_accept_language(among, header, fallback);

    FUZZ_CHECK(found >= -1 && found < among->count);
    check_tag(among, header, strlen(header));
    free(header);
    return 0;
}
