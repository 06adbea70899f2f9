#include <string.h>

#include <httpd.h>
#include <http_config.h>
#include <http_log.h>
#include <apr_strings.h>

#include "muse_choice.h"
#include "muse_config.h"
#include "muse_log.h"

APLOG_USE_MODULE(muse_ai);

/* Takes name as the forced model when the table has it. 1 if so. */
static int try_model(request_rec *r, muse_region *region, muse_choice *choice, const char *name,
                     const char *source)
{
    muse_model model;

    if (muse_models_find(region, name, strlen(name), &model) == MUSE_OK) {
        choice->forced = name;
        memcpy(choice->digest, model.digest, sizeof choice->digest);
        choice->generation = 0;
        return 1;
    }
    if (muse_models_generation(region) == 0) {
        choice->forced = name; /* no engine has published its models yet: it will say */
        return 1;
    }
    if (muse_log_is_news(region, "unknown model", name)) {
        ap_log_rerror(APLOG_MARK, APLOG_WARNING, 0, r,
                      "MUSE0031: there is no model \"%s\" (from %s); it is passed over; "
                      "add it to models.json or correct the name",
                      apr_pstrndup(r->pool, name, 128), source);
    }
    return 0;
}

void muse_choice_make(request_rec *r, muse_region *region, muse_choice *choice)
{
    /* The last two: what an internal redirect, such as mod_rewrite's in a folder, makes of them. */
    static const char *const variables[] = {"MuseAIModel", "MUSE_AI_MODEL", "REDIRECT_MuseAIModel",
                                            "REDIRECT_MUSE_AI_MODEL"};
    const muse_dir_config *config = muse_config_dir(r);
    const char *header = config->model_header ? config->model_header : MUSE_DEFAULT_MODEL_HEADER;
    const char *name;
    size_t i;

    memset(choice, 0, sizeof *choice);
    choice->fallback = config->model;
    choice->generation = muse_models_generation(region);
    for (i = 0; i < sizeof variables / sizeof *variables; i++) {
        name = apr_table_get(r->subprocess_env, variables[i]);
        if (name && *name && try_model(r, region, choice, name, variables[i])) {
            return;
        }
    }
    name = *header ? apr_table_get(r->headers_in, header) : NULL;
    if (name && *name) {
        (void)try_model(r, region, choice, name,
                        apr_pstrcat(r->pool, "the request header ", header, NULL));
    }
}
