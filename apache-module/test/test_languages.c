#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#include "muse_accept_language.h"
#include "test.h"

#define LIST(...)                                                                                  \
    (&(const muse_languages){.count = sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *), \
                             .tags = (const char *const[]){__VA_ARGS__}})

static void check_accepted(const char *file_line, const muse_languages *among, const char *header,
                           const char *wanted)
{
    const int i = muse_accept_language(among, header, 0);
    const char *got = i < 0 ? "none" : among->tags[i];

    if (strcmp(got, wanted) != 0) {
        fprintf(stderr, "%s: \"%s\" gives %s, not %s\n", file_line, header, got, wanted);
        abort();
    }
}

#define ACCEPTED(among, header, wanted) check_accepted(__func__, among, header, wanted)

static const char *read_tag(const char *text)
{
    static char out[MUSE_TAG_MOST + 1];

    return muse_tag_read(text, strlen(text), out) ? out : "none";
}

TEST(tags_are_read_in_their_usual_case)
{
    static const char *const good[][2] = {
        {"en", "en"},
        {"ES-es", "es-ES"},
        {"zh-hant-tw", "zh-Hant-TW"},
        {"es-419", "es-419"},
        {"SR-LATN", "sr-Latn"},
        {"de-ch-1901", "de-CH-1901"},
        {"ast", "ast"},
        {"sl-rozaj-biske", "sl-rozaj-biske"},
    };
    static const char *const bad[] = {
        "",       "e",         "engl",
        "german", "en_US",     "en-",
        "-en",    "en--US",    "1a",
        "en-USA", "en-1",      "e n",
        "*",      "x-klingon", "en-x-a",
        "en\n",   "en-US-GB",  "en-a-long-time-ago-in-a-land-far-away-it-was-so",
    };
    size_t i;

    for (i = 0; i < sizeof good / sizeof *good; i++) {
        CHECK(!strcmp(read_tag(good[i][0]), good[i][1]));
    }
    for (i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK(!strcmp(read_tag(bad[i]), "none"));
    }
}

TEST(a_name_is_a_tag_or_a_language_alone)
{
    const muse_languages *among = LIST("en-GB", "en-US", "pt-BR", "de");

    CHECK_EQUAL(muse_tag_named(among, "PT-br", 5), 2);
    CHECK_EQUAL(muse_tag_named(among, "pt", 2), 2);
    CHECK_EQUAL(muse_tag_named(among, "en", 2), 1); /* what en means, not the first */
    CHECK(muse_tag_named(among, "pt-PT", 5) == -1);
    CHECK(muse_tag_named(among, "de-AT", 5) == -1);
    CHECK(muse_tag_named(among, "d", 1) == -1);
    CHECK_EQUAL(muse_tag_nearest(among, "de-AT", 5), 3);
    CHECK_EQUAL(muse_tag_nearest(among, "pt-PT", 5), 2);
    CHECK(muse_tag_nearest(among, "fr", 2) == -1);
    CHECK(muse_tag_nearest(among, "*", 1) == -1);
}

/* RFC 9110, section 12.5.4, and RFC 4647, section 3.4. */
TEST(the_examples_of_the_standards_hold)
{
    const muse_languages *among = LIST("fr", "da", "en-GB", "en", "zh-Hant", "de", "de-DE");

    ACCEPTED(among, "da, en-gb;q=0.8, en;q=0.7", "da");
    ACCEPTED(among, "nl, en-gb;q=0.8, en;q=0.7", "en-GB");
    ACCEPTED(among, "zh-Hant-CN-x-private1-private2", "zh-Hant");
    ACCEPTED(among, "de-CH", "de");
    ACCEPTED(among, "de-DE-1996", "de-DE");
    ACCEPTED(LIST("fr", "en-US"), "nl, en", "en-US");
}

TEST(the_weightiest_comes_first_and_of_equal_ones_the_first)
{
    const muse_languages *among = LIST("en", "es", "fr");

    ACCEPTED(among, "es;q=0.5,fr;q=0.501", "fr");
    ACCEPTED(among, "es , fr", "es");
    ACCEPTED(among, "es;q=0.9;q=1, fr;q=0.1", "fr");
    ACCEPTED(among, "es; q=0.1, fr ;\tQ=0.2", "fr");
    ACCEPTED(among, "tlh, es;q=0.001", "es");
    ACCEPTED(among, "es;q=1.000, fr;q=1", "es");
}

TEST(a_weight_that_is_none_takes_its_range_with_it)
{
    static const char *const weights[] = {"1.0001", "1.001", "2",  "abc", "",     "-1", "0.1234",
                                          ".5",     "0,5",   "1e", "0x",  "0.5 ", "q",  "00"};
    const muse_languages *among = LIST("en", "es", "fr");
    char header[64];
    size_t i;

    for (i = 0; i < sizeof weights / sizeof *weights; i++) {
        const int is_good = !strcmp(weights[i], "0.5 ");

        snprintf(header, sizeof header, "fr;q=%s, es;q=0.1", weights[i]);
        ACCEPTED(among, header, is_good ? "fr" : "es");
    }
}

TEST(what_is_refused_is_not_given)
{
    const muse_languages *among = LIST("en-US", "en-GB", "es");

    ACCEPTED(among, "en;q=0, fr", "es");
    ACCEPTED(among, "en;q=0, en-GB;q=0.1", "en-GB");
    ACCEPTED(among, "es;q=0", "none"); /* and so the default */
    ACCEPTED(among, "*;q=0", "none");
    ACCEPTED(among, "*;q=0, es;q=0.1", "es");
    ACCEPTED(among, "en-US;q=0, *", "en-GB");
    ACCEPTED(among, "es, en-US;q=0", "es");
}

TEST(a_star_is_any_that_nothing_else_speaks_of)
{
    ACCEPTED(LIST("en", "es"), "*", "en");
    ACCEPTED(LIST("en", "es"), "fr, *;q=0.5", "en");
    ACCEPTED(LIST("en", "es-ES"), "es-MX, *;q=0.1", "es-ES");
    ACCEPTED(LIST("en", "es"), "*, en;q=0.1", "es");
    ACCEPTED(LIST("en"), "*;q=0.1, en;q=0.2", "en");
}

TEST(short_names_and_scripts_mean_the_usual_regions)
{
    const muse_languages *among =
        LIST("en-GB", "en-US", "es-MX", "es-ES", "pt-PT", "pt-BR", "zh-TW", "zh-CN", "nb");

    ACCEPTED(among, "en", "en-US");
    ACCEPTED(among, "es", "es-ES");
    ACCEPTED(among, "pt", "pt-BR");
    ACCEPTED(among, "zh", "zh-CN");
    ACCEPTED(among, "zh-Hant", "zh-TW");
    ACCEPTED(among, "zh-Hant-TW", "zh-TW");
    ACCEPTED(among, "zh-Hans-SG", "zh-CN");
    ACCEPTED(among, "zh-HK", "zh-TW");
    ACCEPTED(among, "no", "nb");
    ACCEPTED(among, "en-AU, fr", "en-US");
}

/* First all ranges as they stand, only then other regions. */
TEST(another_region_comes_after_all_that_is_asked_for)
{
    ACCEPTED(LIST("en-US", "pt-BR"), "pt-PT, en;q=0.1", "en-US");
    ACCEPTED(LIST("en-US", "pt-BR"), "pt-PT, fr", "pt-BR");
    ACCEPTED(LIST("ar", "en"), "ar-EG, en", "ar");
}

TEST(nonsense_is_passed_over)
{
    const muse_languages *among = LIST("en", "es");
    char commas[8193];

    memset(commas, ',', sizeof commas - 1);
    commas[sizeof commas - 1] = '\0';
    ACCEPTED(among, commas, "none");
    ACCEPTED(among, "", "none");
    ACCEPTED(among, ";q=1, -es, es-, e s, es;, es;x=1, es;q, \x01, \xff\xfe, es\xff", "none");
    ACCEPTED(among, " \t,, \t es \t,", "es");
    ACCEPTED(among, "abcdefghi, *-CH, en-*, 12, es", "es");
}

/* Header and end in the last bytes before a page that nobody may read. */
TEST(no_header_makes_it_read_past_its_end)
{
    static const char letters[] = "enszhTWq=;,.-*019 \t\x7f\xff";
    const muse_languages *among = LIST("en", "es-ES", "zh-Hant-TW", "zh-CN", "pt-BR");
    const char *text = getenv("MUSE_TEST_SEED");
    unsigned seed = text ? (unsigned)strtoul(text, NULL, 10) : (unsigned)time(NULL);
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *memory = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    int round;

    CHECK(memory != MAP_FAILED && mprotect(memory + page, page, PROT_NONE) == 0);
    fprintf(stderr, "MUSE_TEST_SEED=%u\n", seed);
    for (round = 0; round < 200000; round++) {
        const size_t length = (size_t)rand_r(&seed) % 60;
        char *header = memory + page - length - 1;
        char tag[MUSE_TAG_MOST + 1];
        size_t i;
        int found;

        for (i = 0; i < length; i++) {
            header[i] = letters[(size_t)rand_r(&seed) % (sizeof letters - 1)];
        }
        header[length] = '\0';
        found = muse_accept_language(among, header, 0);
        CHECK(found >= -1 && found < among->count);
        /* Not even a NUL is needed behind these. */
        found = muse_tag_nearest(among, header + 1, length);
        CHECK(found >= -1 && found < among->count);
        if (muse_tag_read(header, length, tag)) {
            CHECK_EQUAL(strlen(tag), length);
        }
    }
    munmap(memory, 2 * page);
}

TESTS(CASE(tags_are_read_in_their_usual_case), CASE(a_name_is_a_tag_or_a_language_alone),
      CASE(the_examples_of_the_standards_hold),
      CASE(the_weightiest_comes_first_and_of_equal_ones_the_first),
      CASE(a_weight_that_is_none_takes_its_range_with_it), CASE(what_is_refused_is_not_given),
      CASE(a_star_is_any_that_nothing_else_speaks_of),
      CASE(short_names_and_scripts_mean_the_usual_regions),
      CASE(another_region_comes_after_all_that_is_asked_for), CASE(nonsense_is_passed_over),
      CASE(no_header_makes_it_read_past_its_end))
