#include <httpd.h>
#include <http_core.h>
#include <http_log.h>
#include <apr_sha1.h>
#include <apr_strings.h>

#include "muse_config.h"
#include "muse_no_effect.h"
#include "muse_values.h"

APLOG_USE_MODULE(muse_ai);

#define RETAINED "mod_muse_ai_no_effect"

typedef enum { ANY_TEXT, ON_OFF, WHOLE_NUMBER } kind;

static const struct {
    const char *name;
    kind kind;
    muse_number_range range; /* of a number */
    const char *why;
} known[] = {
    {"MuseAiStreamingBufferSize",
     WHOLE_NUMBER,
     {0, 1024, 65536, "bytes", "8192"},
     "what a model writes is passed on at once, whatever its size; MuseAiStreaming Off sends a "
     "page in one piece"},
    {"MuseAiStreamingChunkSize",
     WHOLE_NUMBER,
     {0, 1, 65536, "bytes", "1024"},
     "what a model writes is passed on at once, whatever its size; MuseAiStreaming Off sends a "
     "page in one piece"},
    {"MuseAiStreamingSanitizationEnable",
     ON_OFF,
     {0},
     "an answer is always cleaned of reasoning and code fences; \"reasoning\": \"show\" in "
     "models.json shows what a model thought"},
    {"MuseAiCacheMaxEntries",
     WHOLE_NUMBER,
     {0, 1, 100000000, "pages", "1000"},
     "the cache is bounded by its memory, see MuseAiSharedMemory"},
    {"MuseAiCacheKeyPrefix",
     ANY_TEXT,
     {0},
     "a page is kept under a hash of all that it depends on, its server included"},
    {"MuseAiMetricsIncludeRequestDetails",
     ON_OFF,
     {0},
     "metrics are sums over all requests; the access log has the requests"},
    {"MuseAiSecurityValidateContentType",
     ON_OFF,
     {0},
     "the type of what a client sends is always checked where it is read"},
    {"MuseAiHealthCheckInterval",
     WHOLE_NUMBER,
     {0, 1, 86400, "seconds", "30"},
     "whether an endpoint works is seen by the calls to it; \"circuit\" in models.json says when "
     "it is left alone and tried again"},
    {"MuseAiWriteTimeout",
     WHOLE_NUMBER,
     {0, 1, 86400, "seconds", "30"},
     "sending a prompt counts with MuseAiTimeout, and with \"first\" of \"timeouts\" in "
     "models.json"},
};

static const char *bad_value(cmd_parms *cmd, const char *arg, size_t i)
{
    int value;

    switch (known[i].kind) {
    case WHOLE_NUMBER:
        return muse_parse_number(cmd, arg, &known[i].range, &value);
    case ON_OFF:
        return !strcasecmp(arg, "On") || !strcasecmp(arg, "Off")
                   ? NULL
                   : apr_psprintf(cmd->pool, "%s must be On or Off", cmd->cmd->name);
    default:
        return NULL;
    }
}

static void note(const char *name, const char *where, const char *why)
{
    apr_array_header_t *all = muse_config_global()->no_effect;
    int i;

    for (i = 0; i < all->nelts; i++) {
        muse_no_effect *one = &APR_ARRAY_IDX(all, i, muse_no_effect);

        if (one->why == why && one->name == name) {
            one->more += strcmp(one->where, where) != 0;
            return;
        }
    }
    APR_ARRAY_PUSH(all, muse_no_effect) =
        (muse_no_effect){.name = name, .where = where, .why = why};
}

const char *muse_note_no_effect(cmd_parms *cmd, void *config, const char *arg)
{
    size_t i;

    (void)config;
    for (i = 0; i < sizeof known / sizeof *known; i++) {
        if (!strcmp(known[i].name, cmd->cmd->name)) {
            const char *error = bad_value(cmd, arg, i);

            if (!error) {
                note(known[i].name, muse_where(cmd), known[i].why);
            }
            return error;
        }
    }
    return apr_pstrcat(cmd->pool, cmd->cmd->name, ": a mistake in mod_muse_ai, please report it",
                       NULL);
}

/* Whether the same was said before a restart. Remembers what is said now. */
static int is_said(const apr_array_header_t *all)
{
    apr_byte_t *said = ap_retained_data_get(RETAINED);
    apr_byte_t digest[APR_SHA1_DIGESTSIZE];
    apr_sha1_ctx_t sha1;
    int same;
    int i;

    apr_sha1_init(&sha1);
    for (i = 0; i < all->nelts; i++) {
        const muse_no_effect *one = &APR_ARRAY_IDX(all, i, const muse_no_effect);

        apr_sha1_update(&sha1, one->name, (unsigned int)strlen(one->name) + 1);
        apr_sha1_update(&sha1, one->where, (unsigned int)strlen(one->where) + 1);
        apr_sha1_update_binary(&sha1, (const unsigned char *)&one->more, sizeof one->more);
    }
    apr_sha1_final(digest, &sha1);
    same = said && !memcmp(said, digest, sizeof digest);
    if (!said) {
        said = ap_retained_data_create(RETAINED, sizeof digest);
    }
    memcpy(said, digest, sizeof digest);
    return same;
}

int muse_no_effect_say(apr_pool_t *pconf, apr_pool_t *plog, apr_pool_t *ptemp, server_rec *s)
{
    const apr_array_header_t *all = muse_config_global()->no_effect;
    int i;

    (void)pconf;
    (void)plog;
    if (ap_state_query(AP_SQ_MAIN_STATE) == AP_SQ_MS_CREATE_PRE_CONFIG || is_said(all)) {
        return OK;
    }
    for (i = 0; i < all->nelts; i++) {
        const muse_no_effect *one = &APR_ARRAY_IDX(all, i, const muse_no_effect);
        const char *others = one->more ? apr_psprintf(ptemp, ", and %d more", one->more) : "";

        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, s, "MUSE0080: %s (%s%s) has no effect: %s",
                     one->name, one->where, others, one->why);
    }
    return OK;
}
