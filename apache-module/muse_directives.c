/* The directives: one row and one setter each. Every error says what would be right. */
#include <httpd.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <apr_lib.h>
#include <apr_network_io.h>
#include <apr_strings.h>
#include <apr_uri.h>

#include "muse_config.h"
#include "muse_engines.h"
#include "muse_models.h"

/* The global settings, for the setters only: everyone else reads. */
static muse_global_config *global_for_writing(void)
{
    return (muse_global_config *)(uintptr_t)muse_config_global();
}

static const char *where(cmd_parms *cmd)
{
    return apr_psprintf(cmd->pool, "%s:%d", cmd->directive->filename, cmd->directive->line_num);
}

/* A whole number with its bounds; field is its place in muse_dir_config. */
typedef struct {
    size_t field;
    int min;
    int max;
    const char *unit;
    const char *example;
} number_range;

static const char *parse_number(cmd_parms *cmd, const char *arg, const number_range *range,
                                int *value)
{
    char *end = NULL;
    apr_int64_t n;

    errno = 0;
    n = apr_strtoi64(arg, &end, 10);
    if (errno != 0 || end == arg || *end != '\0' || n < range->min || n > range->max) {
        return apr_psprintf(cmd->pool,
                            "%s: \"%s\" is not a whole number of %s from %d to %d; "
                            "for example: %s %s",
                            cmd->cmd->name, arg, range->unit, range->min, range->max,
                            cmd->cmd->name, range->example);
    }
    *value = (int)n;
    return NULL;
}

static const char *set_number(cmd_parms *cmd, void *config, const char *arg)
{
    const number_range *range = cmd->info;

    return parse_number(cmd, arg, range, (int *)(void *)((char *)config + range->field));
}

/* A section that says anything of the limit has one of its own. */
static const char *set_limit_number(cmd_parms *cmd, void *config, const char *arg)
{
    ((muse_dir_config *)config)->limit_zone = where(cmd);
    return set_number(cmd, config, arg);
}

static const char *set_flag(cmd_parms *cmd, void *config, int on)
{
    *(int *)(void *)((char *)config + (size_t)(uintptr_t)cmd->info) = on ? 1 : 0;
    return NULL;
}

/* NULL when name can be a model's, else what is wrong with it. */
static const char *bad_model_name(const char *name)
{
    const char *c;

    if (*name == '\0') {
        return "is empty";
    }
    if (strlen(name) > MUSE_MODEL_NAME_MAX) {
        return "is longer than 127 bytes";
    }
    for (c = name; *c; c++) {
        if (apr_iscntrl(*c)) {
            return "has a control character";
        }
    }
    return NULL;
}

static const char *set_model(cmd_parms *cmd, void *config, const char *arg)
{
    const char *wrong = bad_model_name(arg);

    if (wrong) {
        return apr_psprintf(cmd->pool,
                            "%s: the model's name %s; give the \"name\" of a model in "
                            "models.json, for example: %s gpt-4o-mini",
                            cmd->cmd->name, wrong, cmd->cmd->name);
    }
    ((muse_dir_config *)config)->model = arg;
    return NULL;
}

static const char *set_model_header(cmd_parms *cmd, void *config, const char *arg)
{
    if (!strcasecmp(arg, "Off")) {
        ((muse_dir_config *)config)->model_header = "";
        return NULL;
    }
    if (*arg == '\0' || *ap_scan_http_token(arg) != '\0') {
        return apr_psprintf(cmd->pool,
                            "%s: \"%s\" is not the name of a request header; give one, "
                            "such as X-Muse-Model, or Off",
                            cmd->cmd->name, arg);
    }
    ((muse_dir_config *)config)->model_header = arg;
    return NULL;
}

static const char *set_prompts_dir(cmd_parms *cmd, void *config, const char *arg)
{
    const char *path = ap_server_root_relative(cmd->pool, arg);

    if (*arg == '\0' || !path) {
        return apr_psprintf(cmd->pool,
                            "%s: \"%s\" is not a path; give the folder that holds "
                            "system_prompt.ai and layout.ai, absolute or relative to ServerRoot",
                            cmd->cmd->name, arg);
    }
    ((muse_dir_config *)config)->prompts_dir = path;
    return NULL;
}

static const char *set_cache_bypass(cmd_parms *cmd, void *config, const char *arg)
{
    muse_dir_config *c = config;

    if (!strcasecmp(arg, "Off")) {
        c->cache_bypass = MUSE_BYPASS_OFF;
    } else if (!strcasecmp(arg, "Local")) {
        c->cache_bypass = MUSE_BYPASS_LOCAL;
    } else if (!strcasecmp(arg, "On")) {
        c->cache_bypass = MUSE_BYPASS_ON;
    } else {
        return apr_psprintf(cmd->pool,
                            "%s: \"%s\" is none of Local (only clients on this host), "
                            "On (everyone) and Off (no one)",
                            cmd->cmd->name, arg);
    }
    return NULL;
}

/* An array that this section's own lines fill; what is inherited stays as it is. */
static void add_to(apr_pool_t *p, apr_array_header_t **list, const void *element)
{
    if (!*list) {
        *list = apr_array_make(p, 4, sizeof(const void *));
    }
    APR_ARRAY_PUSH(*list, const void *) = element;
}

static const char *add_env(cmd_parms *cmd, void *config, const char *arg)
{
    const char *c = arg;

    if (apr_isalpha(*c) || *c == '_') {
        while (apr_isalnum(*c) || *c == '_') {
            c++;
        }
    }
    if (*arg == '\0' || *c != '\0') {
        return apr_psprintf(cmd->pool,
                            "%s: \"%s\" is not the name of an environment variable; "
                            "use letters, digits and _, for example: %s SITE_NAME",
                            cmd->cmd->name, arg, cmd->cmd->name);
    }
    add_to(cmd->pool, &((muse_dir_config *)config)->env, arg);
    return NULL;
}

static const char *set_limit_status(cmd_parms *cmd, void *config, const char *arg)
{
    static const number_range range = {0, 400, 599, "an HTTP error status", "429"};
    int status;
    const char *error = parse_number(cmd, arg, &range, &status);

    if (error) {
        return error;
    }
    if (status != HTTP_INTERNAL_SERVER_ERROR &&
        ap_index_of_response(status) == ap_index_of_response(HTTP_INTERNAL_SERVER_ERROR)) {
        return apr_psprintf(cmd->pool, "%s: httpd knows no HTTP status %d; 429 and 503 are usual",
                            cmd->cmd->name, status);
    }
    ((muse_dir_config *)config)->limit_status = status;
    return NULL;
}

static const char *not_a_network(cmd_parms *cmd, const char *arg)
{
    return apr_psprintf(cmd->pool,
                        "%s: \"%s\" is not an IP address or network; for example: %s 127.0.0.1 "
                        "10.0.0.0/8 2001:db8::/32",
                        cmd->cmd->name, arg, cmd->cmd->name);
}

static const char *add_limit_free(cmd_parms *cmd, void *config, const char *arg)
{
    char *list = apr_pstrdup(cmd->pool, arg);
    char *last = NULL;
    char *word;
    int count = 0;

    for (word = apr_strtok(list, ",", &last); word; word = apr_strtok(NULL, ",", &last)) {
        char *mask = strchr(word, '/');
        apr_ipsubnet_t *subnet = NULL;

        if (mask) {
            *mask++ = '\0';
        }
        if (apr_ipsubnet_create(&subnet, word, mask, cmd->pool) != APR_SUCCESS) {
            return not_a_network(cmd, arg);
        }
        add_to(cmd->pool, &((muse_dir_config *)config)->limit_free, subnet);
        count++;
    }
    return count ? NULL : not_a_network(cmd, arg);
}

static const char *set_endpoint(cmd_parms *cmd, void *config, const char *arg)
{
    apr_uri_t uri;
    const char *c;

    (void)config;
    for (c = arg; *c && !apr_isspace(*c) && !apr_iscntrl(*c); c++) {}
    if (*c || apr_uri_parse(cmd->pool, arg, &uri) != APR_SUCCESS || !uri.scheme ||
        (strcasecmp(uri.scheme, "http") != 0 && strcasecmp(uri.scheme, "https") != 0) ||
        !uri.hostname || !*uri.hostname) {
        return apr_psprintf(cmd->pool,
                            "%s: \"%s\" is not an http:// or https:// URL; for "
                            "example: %s https://api.openai.com/v1",
                            cmd->cmd->name, arg, cmd->cmd->name);
    }
    muse_config_server(cmd->server)->endpoint = arg;
    return NULL;
}

static const char *set_api_key(cmd_parms *cmd, void *config, const char *arg)
{
    const char *c;

    (void)config;
    for (c = arg; *c; c++) {
        if (apr_iscntrl(*c) || apr_isspace(*c)) {
            break;
        }
    }
    /* The value itself is never repeated: messages end up in logs. */
    if (*arg == '\0' || *c) {
        return apr_psprintf(cmd->pool,
                            "%s: the key is empty or has white space or control "
                            "characters; better still, keep it out of the configuration: "
                            "PassEnv OPENAI_API_KEY, and \"api_key\": \"${OPENAI_API_KEY}\" in "
                            "models.json",
                            cmd->cmd->name);
    }
    muse_config_server(cmd->server)->api_key = arg;
    return NULL;
}

/* Global directives belong to the main server, since all virtual hosts share the engines. */
static const char *global_only(cmd_parms *cmd)
{
    return ap_check_cmd_context(cmd, GLOBAL_ONLY);
}

static const char *set_path(cmd_parms *cmd, const char *arg, const char **path, const char **at)
{
    const char *error = global_only(cmd);

    if (error) {
        return error;
    }
    *path = *arg ? ap_server_root_relative(cmd->pool, arg) : NULL;
    if (!*path) {
        return apr_psprintf(cmd->pool,
                            "%s: \"%s\" is not a path; give the file, absolute or "
                            "relative to ServerRoot",
                            cmd->cmd->name, arg);
    }
    *at = where(cmd);
    return NULL;
}

static const char *set_models(cmd_parms *cmd, void *config, const char *arg)
{
    muse_global_config *global = global_for_writing();

    (void)config;
    return set_path(cmd, arg, &global->models, &global->models_where);
}

static const char *set_node(cmd_parms *cmd, void *config, const char *arg)
{
    muse_global_config *global = global_for_writing();

    (void)config;
    return set_path(cmd, arg, &global->node, &global->node_where);
}

static const char *set_engine(cmd_parms *cmd, void *config, const char *arg)
{
    muse_global_config *global = global_for_writing();

    (void)config;
    return set_path(cmd, arg, &global->engine, &global->engine_where);
}

static const char *set_engines(cmd_parms *cmd, void *config, const char *arg)
{
    static const number_range range = {0, 1, MUSE_ENGINES_MAX, "engines", "1"};
    const char *error = global_only(cmd);

    (void)config;
    return error ? error : parse_number(cmd, arg, &range, &global_for_writing()->engines);
}

/* A size with its bounds as people write them. */
typedef struct {
    apr_off_t min;
    apr_off_t max;
    const char *told; /* "from 1M to 64G" */
    const char *example;
} size_range;

static const char *parse_size(cmd_parms *cmd, const char *arg, const size_range *range,
                              apr_off_t *value)
{
    char *end = NULL;
    apr_off_t size = 0;
    int shift = 0;

    if (apr_strtoff(&size, arg, &end, 10) == APR_SUCCESS && end != arg && size >= 0 && *end) {
        const char unit = apr_toupper(*end++);

        shift = unit == 'K' ? 10 : unit == 'M' ? 20 : unit == 'G' ? 30 : -1;
    }
    if (end == arg || !end || *end || shift < 0 || size < 0 || size > (range->max >> shift) ||
        (size << shift) < range->min) {
        return apr_psprintf(cmd->pool,
                            "%s: \"%s\" is not a size %s; give bytes or use K, M or G, for "
                            "example: %s %s",
                            cmd->cmd->name, arg, range->told, cmd->cmd->name, range->example);
    }
    *value = size << shift;
    return NULL;
}

static const char *set_shared_memory(cmd_parms *cmd, void *config, const char *arg)
{
    static const size_range wide = {(apr_off_t)1 << 20, (apr_off_t)64 << 30, "from 1M to 64G",
                                    "64M"};
    static const size_range narrow = {(apr_off_t)1 << 20, (apr_off_t)1 << 30, "from 1M to 1G",
                                      "64M"};
    const char *error = global_only(cmd);

    (void)config;
    return error ? error
                 : parse_size(cmd, arg, sizeof(size_t) > 4 ? &wide : &narrow,
                              &global_for_writing()->shared_memory);
}

static const char *set_max_page_size(cmd_parms *cmd, void *config, const char *arg)
{
    static const size_range range = {1024, (apr_off_t)256 << 20, "from 1K to 256M", "2M"};
    apr_off_t size = 0;
    const char *error = parse_size(cmd, arg, &range, &size);

    if (!error) {
        ((muse_dir_config *)config)->max_page_size = (int)size;
    }
    return error;
}

static const char *set_abandoned(cmd_parms *cmd, void *config, const char *arg)
{
    muse_dir_config *c = config;

    if (!strcasecmp(arg, "Cancel")) {
        c->abandoned = MUSE_ABANDONED_CANCEL;
    } else if (!strcasecmp(arg, "Finish")) {
        c->abandoned = MUSE_ABANDONED_FINISH;
    } else {
        return apr_psprintf(cmd->pool,
                            "%s: \"%s\" is neither Cancel (the provider is told to stop when the "
                            "last reader leaves) nor Finish (the page is written for the cache)",
                            cmd->cmd->name, arg);
    }
    return NULL;
}

/*
 * mod_env's directive too, which still does its own part: here it names what the engine may have
 * of httpd's environment. What an .htaccess file says comes too late and from the wrong person.
 */
static const char *note_pass_env(cmd_parms *cmd, void *config, const char *arg)
{
    (void)config;
    if (!ap_check_cmd_context(cmd, NOT_IN_HTACCESS)) {
        APR_ARRAY_PUSH(global_for_writing()->passed, const char *) = arg;
    }
    return NULL;
}

#define FIELD(name) offsetof(muse_dir_config, name)
#define FLAG(directive, field, where_allowed, help)                                                \
    AP_INIT_FLAG(directive, set_flag, (void *)FIELD(field), where_allowed, help)
#define NUMBER(directive, range, where_allowed, help)                                              \
    AP_INIT_TAKE1(directive, set_number, (void *)(uintptr_t)&range, where_allowed, help)

static const number_range timeout_range = {FIELD(timeout), 1, 86400, "seconds", "300"};
static const number_range tokens_range = {FIELD(max_tokens), 0, 200000, "tokens", "16384"};
static const number_range ttl_range = {FIELD(cache_ttl), 0, 31536000, "seconds", "300"};
static const number_range stale_range = {FIELD(cache_stale), 0, 31536000, "seconds", "60"};
static const number_range stale_on_error_range = {FIELD(cache_stale_on_error), 0, 31536000,
                                                  "seconds", "86400"};
static const number_range rpm_range = {FIELD(limit_rpm), 1, 10000, "requests a minute", "60"};
static const number_range burst_range = {FIELD(limit_burst), 1, 10000, "requests", "20"};

/* What spends money or opens doors is for the administrator, the rest also for .htaccess. */
enum { ADMIN = RSRC_CONF | ACCESS_CONF, AUTHOR = OR_FILEINFO };

const command_rec muse_directives[] = {
    FLAG("MuseAiEnable", enable, AUTHOR, "On: .ai files here are prompts, answered with pages"),
    FLAG("MuseAiProtectSource", protect_source, ADMIN,
         "On (default): .ai files that are not enabled are answered 403, never sent as text"),
    AP_INIT_TAKE1("MuseAiModel", set_model, NULL, AUTHOR,
                  "name of the model for pages that do not name one"),
    AP_INIT_TAKE1("MuseAiModelHeader", set_model_header, NULL, ADMIN,
                  "request header that picks a model (default X-Muse-Model), or Off"),
    NUMBER("MuseAiTimeout", timeout_range, ADMIN, "seconds that a whole page may take (300)"),
    NUMBER("MuseAiMaxTokens", tokens_range, ADMIN,
           "tokens that an answer may have (16384); 0 leaves it to the provider"),
    AP_INIT_TAKE1("MuseAiMaxPageSize", set_max_page_size, NULL, ADMIN,
                  "bytes after which a page that does not end is ended (2M)"),
    AP_INIT_TAKE1("MuseAiAbandoned", set_abandoned, NULL, ADMIN,
                  "when the last reader leaves: Cancel (default) or Finish the page"),
    AP_INIT_TAKE1("MuseAiPromptsDir", set_prompts_dir, NULL, ADMIN,
                  "folder with system_prompt and layout (.ai or .txt)"),
    FLAG("MuseAiPromptsMinify", prompts_minify, ADMIN, "On: prefer the .min variants of prompts"),
    FLAG("MuseAiCacheEnable", cache_enable, AUTHOR, "On (default): keep whole answers"),
    NUMBER("MuseAiCacheTTL", ttl_range, AUTHOR, "seconds an answer stays fresh (300); 0: off"),
    NUMBER("MuseAiCacheStale", stale_range, AUTHOR,
           "seconds after that in which it is served while it is written anew (0: off)"),
    NUMBER("MuseAiCacheStaleOnError", stale_on_error_range, AUTHOR,
           "seconds after that in which it stands in for a failure (86400); 0: off"),
    AP_INIT_TAKE1("MuseAiCacheBypass", set_cache_bypass, NULL, ADMIN,
                  "who may skip the cache with ?cache-bypass=1: Local (default), On or Off"),
    AP_INIT_ITERATE("MuseAiEnv", add_env, NULL, AUTHOR,
                    "environment variables that templates here may use"),
    FLAG("MuseAiRateLimitEnable", limit_enable, ADMIN,
         "whether clients are limited; by default once MuseAiRateLimitRPM is given"),
    AP_INIT_TAKE1("MuseAiRateLimitRPM", set_limit_number, (void *)(uintptr_t)&rpm_range, ADMIN,
                  "requests a minute for each client (60)"),
    AP_INIT_TAKE1("MuseAiRateLimitBurstSize", set_limit_number, (void *)(uintptr_t)&burst_range,
                  ADMIN, "requests at once after a pause (default: as many as a minute allows)"),
    AP_INIT_ITERATE("MuseAiRateLimitWhitelistIPs", add_limit_free, NULL, ADMIN,
                    "addresses and networks that are not limited"),
    AP_INIT_TAKE1("MuseAiRateLimitStatus", set_limit_status, NULL, ADMIN,
                  "HTTP status for a client over its limit (429)"),
    AP_INIT_TAKE1("MuseAiEndpoint", set_endpoint, NULL, RSRC_CONF,
                  "URL of the provider for models that do not name one"),
    AP_INIT_TAKE1("MuseAiApiKey", set_api_key, NULL, RSRC_CONF,
                  "key for MuseAiEndpoint; PassEnv keeps keys out of the configuration"),
    AP_INIT_TAKE1("MuseAiModels", set_models, NULL, RSRC_CONF, "the file models.json"),
    AP_INIT_TAKE1("MuseAiSharedMemory", set_shared_memory, NULL, RSRC_CONF,
                  "memory for cached pages (64M)"),
    AP_INIT_TAKE1("MuseAiEngines", set_engines, NULL, RSRC_CONF, "number of engines (1)"),
    AP_INIT_TAKE1("MuseAiNode", set_node, NULL, RSRC_CONF, "the Node.js program"),
    AP_INIT_TAKE1("MuseAiEngine", set_engine, NULL, RSRC_CONF, "the engine's script"),
    AP_INIT_ITERATE("PassEnv", note_pass_env, NULL, OR_FILEINFO,
                    "environment variables that the engine may have"),
    {NULL},
};
