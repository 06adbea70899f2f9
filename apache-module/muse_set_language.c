/* Setters of MuseAiLanguages and MuseAiDefaultLanguage. */
#include <string.h>
#include <strings.h>

#include <httpd.h>
#include <http_config.h>
#include <apr_strings.h>

#include "muse_config.h"
#include "muse_setters.h"

/* MuseAiLanguages All: the first is the default. */
static const char *const all[] = {
    "en-US", "ar", "bg", "bn", "ca", "cs", "da",    "de",    "el",    "en-GB", "es-ES", "es-MX",
    "et",    "fa", "fi", "fr", "he", "hi", "hr",    "hu",    "id",    "it",    "ja",    "ko",
    "lt",    "lv", "ms", "nb", "nl", "pl", "pt-BR", "pt-PT", "ro",    "ru",    "sk",    "sl",
    "sr",    "sv", "ta", "th", "tr", "uk", "ur",    "vi",    "zh-CN", "zh-TW",
};

static const char *not_a_tag(cmd_parms *cmd, const char *arg)
{
    return apr_psprintf(cmd->pool,
                        "%s: \"%s\" is not the tag of a language; give tags of BCP 47, such as en, "
                        "pt-BR or zh-Hant-TW",
                        cmd->cmd->name, arg);
}

/* These would be tags by their form. */
static int stands_alone(const char *arg)
{
    return !strcasecmp(arg, "All") || !strcasecmp(arg, "Off");
}

static const muse_languages *make_list(apr_pool_t *p, apr_array_header_t *tags)
{
    muse_languages *languages = apr_palloc(p, sizeof *languages);

    languages->count = tags->nelts;
    languages->tags = (const char *const *)(const void *)tags->elts;
    languages->joined = apr_array_pstrcat(p, tags, ',');
    return languages;
}

static int is_in(const apr_array_header_t *tags, const char *tag)
{
    int i;

    for (i = 0; i < tags->nelts; i++) {
        if (!strcmp(APR_ARRAY_IDX(tags, i, const char *), tag)) {
            return 1;
        }
    }
    return 0;
}

/* NULL, or why the two don't go together where one section has both. */
static const char *check(cmd_parms *cmd, const muse_dir_config *c)
{
    const char *tag = c->default_language;

    if (!tag || !c->languages || muse_tag_named(c->languages, tag, strlen(tag)) >= 0) {
        return NULL;
    }
    return apr_psprintf(cmd->pool,
                        "%s: MuseAiDefaultLanguage %s is none of MuseAiLanguages %s; name one of "
                        "these, or add it to them",
                        cmd->cmd->name, tag, c->languages->count ? c->languages->joined : "Off");
}

/* So that requests look for a language before the path; what .htaccess says is seen with them. */
static void note_use(cmd_parms *cmd)
{
    if (!ap_check_cmd_context(cmd, NOT_IN_HTACCESS)) {
        ((muse_global_config *)(uintptr_t)muse_config_global())->languages = 1;
    }
}

const char *muse_set_languages(cmd_parms *cmd, void *config, int argc, char *const argv[])
{
    muse_dir_config *c = config;
    apr_array_header_t *tags = apr_array_make(cmd->pool, argc, sizeof(const char *));
    const int is_off = argc == 1 && !strcasecmp(argv[0], "Off");
    const int is_all = argc == 1 && !strcasecmp(argv[0], "All");
    const int count = is_off ? 0 : is_all ? (int)(sizeof all / sizeof *all) : argc;
    char tag[MUSE_TAG_MOST + 1];
    int i;

    if (argc == 0 || argc > MUSE_TAGS_MOST) {
        return apr_psprintf(cmd->pool, "%s: give from 1 to %d tags of languages, All or Off",
                            cmd->cmd->name, MUSE_TAGS_MOST);
    }
    for (i = 0; i < count; i++) {
        const char *arg = is_all ? all[i] : argv[i];

        if (stands_alone(arg) || !muse_tag_read(arg, strlen(arg), tag)) {
            return not_a_tag(cmd, arg);
        }
        if (!is_in(tags, tag)) {
            APR_ARRAY_PUSH(tags, const char *) = apr_pstrdup(cmd->pool, tag);
        }
    }
    c->languages = make_list(cmd->pool, tags);
    note_use(cmd);
    return check(cmd, c);
}

const char *muse_set_default_language(cmd_parms *cmd, void *config, const char *arg)
{
    muse_dir_config *c = config;
    char tag[MUSE_TAG_MOST + 1];

    if (!muse_tag_read(arg, strlen(arg), tag)) {
        return not_a_tag(cmd, arg);
    }
    c->default_language = apr_pstrdup(cmd->pool, tag);
    return check(cmd, c);
}
