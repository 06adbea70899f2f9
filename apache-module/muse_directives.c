/* The directives: one row each. */
#include <stddef.h>

#include <httpd.h>
#include <http_core.h>

#include "muse_config.h"
#include "muse_no_effect.h"
#include "muse_setters.h"
#include "muse_values.h"

#define FIELD(name) offsetof(muse_dir_config, name)
#define FLAG(directive, field, where_allowed, help)                                                \
    AP_INIT_FLAG(directive, muse_set_flag, (void *)FIELD(field), where_allowed, help)
#define NUMBER(directive, range, where_allowed, help)                                              \
    AP_INIT_TAKE1(directive, muse_set_number, (void *)(uintptr_t)&range, where_allowed, help)
#define SIZE(directive, range, where_allowed, help)                                                \
    AP_INIT_TAKE1(directive, muse_set_size, (void *)(uintptr_t)&range, where_allowed, help)

static const muse_number_range timeout_range = {FIELD(timeout), 1, 86400, "seconds", "300"};
static const muse_number_range tokens_range = {FIELD(max_tokens), 0, 200000, "tokens", "16384"};
static const muse_number_range ttl_range = {FIELD(cache_ttl), 0, 31536000, "seconds", "300"};
static const muse_number_range stale_range = {FIELD(cache_stale), 0, 31536000, "seconds", "60"};
static const muse_number_range stale_on_error_range = {FIELD(cache_stale_on_error), 0, 31536000,
                                                       "seconds", "86400"};
static const muse_number_range rpm_range = {FIELD(limit_rpm), 1, 10000, "requests a minute", "60"};
static const muse_number_range burst_range = {FIELD(limit_burst), 1, 10000, "requests", "20"};

static const muse_size_range page_range = {FIELD(max_page_size), 1024, (apr_off_t)256 << 20,
                                           "from 1K to 256M", "2M"};
static const muse_size_range input_range = {FIELD(max_input), 1, (apr_off_t)256 << 10,
                                            "from 1 to 256K", "16K"};
static const muse_size_range request_range = {FIELD(max_request_size), 1024, (apr_off_t)10 << 20,
                                              "from 1K to 10M", "1M"};

#define CALLS(name) offsetof(muse_backend, name)
#define CALL_NUMBER(directive, range, where_allowed, help)                                         \
    AP_INIT_TAKE1(directive, muse_set_backend_number, (void *)(uintptr_t)&range, where_allowed,    \
                  help)

static const muse_number_range connect_range = {CALLS(connect), 1, 86400, "seconds", "10"};
static const muse_number_range read_range = {CALLS(idle), 1, 86400, "seconds", "60"};
static const muse_number_range retries_range = {CALLS(retries), 0, 10, "retries", "2"};
static const muse_number_range delay_range = {CALLS(retry_delay), 0, 60000, "milliseconds", "500"};
static const muse_number_range pool_range = {CALLS(connections), 1, 100, "connections", "10"};
static const muse_number_range free_range = {CALLS(free_wait), 1, 86400, "seconds", "30"};

/* What spends money or opens doors is for the administrator, the rest also for .htaccess. */
enum { ADMIN = RSRC_CONF | ACCESS_CONF, AUTHOR = OR_FILEINFO };

const command_rec muse_directives[] = {
    FLAG("MuseAiEnable", enable, AUTHOR, "On: .ai files here are prompts, answered with pages"),
    FLAG("MuseAiProtectSource", protect_source, ADMIN,
         "On (default): .ai files that are not enabled are answered 403, never sent as text"),
    AP_INIT_TAKE1("MuseAiModel", muse_set_model, NULL, AUTHOR,
                  "name of the model for pages that do not name one"),
    AP_INIT_TAKE1("MuseAiModelHeader", muse_set_model_header, NULL, ADMIN,
                  "request header that picks a model (default X-Muse-Model), or Off"),
    NUMBER("MuseAiTimeout", timeout_range, ADMIN, "seconds that a whole page may take (300)"),
    NUMBER("MuseAiMaxTokens", tokens_range, ADMIN,
           "tokens that an answer may have (16384); 0 leaves it to the provider"),
    SIZE("MuseAiMaxPageSize", page_range, ADMIN,
         "bytes after which a page that does not end is ended (2M)"),
    SIZE("MuseAiMaxInput", input_range, ADMIN,
         "bytes that a visitor's values may have in a prompt (16K)"),
    AP_INIT_TAKE1("MuseAiAbandoned", muse_set_abandoned, NULL, ADMIN,
                  "when the last reader leaves: Cancel (default) or Finish the page"),
    AP_INIT_TAKE1("MuseAiCsp", muse_set_csp, NULL, ADMIN,
                  "Content-Security-Policy of generated pages, or Off"),
    FLAG("MuseAiScripts", scripts, ADMIN, "On: generated pages may have scripts"),
    AP_INIT_TAKE1("MuseAiPromptsDir", muse_set_prompts_dir, NULL, ADMIN,
                  "folder with system_prompt and layout (.ai or .txt)"),
    FLAG("MuseAiPromptsMinify", prompts_minify, ADMIN, "On: prefer the .min variants of prompts"),
    AP_INIT_TAKE_ARGV("MuseAiLanguages", muse_set_languages, NULL, AUTHOR,
                      "languages that pages are written in, such as en pt-BR ar; All, or Off"),
    AP_INIT_TAKE1("MuseAiDefaultLanguage", muse_set_default_language, NULL, AUTHOR,
                  "the one for visitors who ask for none of them; by default the first"),
    FLAG("MuseAiCacheEnable", cache_enable, AUTHOR, "On (default): keep whole answers"),
    NUMBER("MuseAiCacheTTL", ttl_range, AUTHOR, "seconds an answer stays fresh (300); 0: off"),
    NUMBER("MuseAiCacheStale", stale_range, AUTHOR,
           "seconds after that in which it is served while it is written anew (0: off)"),
    NUMBER("MuseAiCacheStaleOnError", stale_on_error_range, AUTHOR,
           "seconds after that in which it stands in for a failure (86400); 0: off"),
    AP_INIT_TAKE1("MuseAiCacheBypass", muse_set_cache_bypass, NULL, ADMIN,
                  "who may skip the cache with ?cache-bypass=1: Local (default), On or Off"),
    AP_INIT_ITERATE("MuseAiEnv", muse_add_env, NULL, AUTHOR,
                    "environment variables that templates here may use"),
    FLAG("MuseAiRateLimitEnable", limit_enable, ADMIN,
         "whether clients are limited; by default once MuseAiRateLimitRPM is given"),
    AP_INIT_TAKE1("MuseAiRateLimitRPM", muse_set_limit_number, (void *)(uintptr_t)&rpm_range, ADMIN,
                  "requests a minute for each client (60)"),
    AP_INIT_TAKE1("MuseAiRateLimitBurstSize", muse_set_limit_number,
                  (void *)(uintptr_t)&burst_range, ADMIN,
                  "requests at once after a pause (default: as many as a minute allows)"),
    AP_INIT_ITERATE("MuseAiRateLimitWhitelistIPs", muse_add_limit_free, NULL, ADMIN,
                    "addresses and networks that are not limited"),
    AP_INIT_TAKE1("MuseAiRateLimitStatus", muse_set_limit_status, NULL, ADMIN,
                  "HTTP status for a client over its limit (429)"),
    AP_INIT_TAKE1("MuseAiClientKeys", muse_set_client_keys, NULL, ADMIN,
                  "file with the hashes of keys that programs need at muse-ai-openai, or Off"),
    SIZE("MuseAiSecurityMaxRequestSize", request_range, ADMIN,
         "bytes that the body of a request may have (1M)"),
    FLAG("MuseAiPrompt", prompt, ADMIN,
         "On: visitors send the prompt themselves, to a location with the handler of pages"),
    AP_INIT_TAKE12("MuseAiBudget", muse_set_budget, NULL, AUTHOR,
                   "what pages here may use in a day, such as 200000 tokens or 5.00 cost; or Off"),
    AP_INIT_TAKE1("MuseAiStateDir", muse_set_state_dir, NULL, RSRC_CONF,
                  "folder for what is kept over restarts"),
    AP_INIT_TAKE1("MuseAiEndpoint", muse_set_endpoint, NULL, RSRC_CONF,
                  "URL of the provider for models that do not name one"),
    AP_INIT_TAKE1("MuseAiApiKey", muse_set_api_key, NULL, RSRC_CONF,
                  "key for MuseAiEndpoint; PassEnv keeps keys out of the configuration"),
    AP_INIT_TAKE1("MuseAiModels", muse_set_models, NULL, RSRC_CONF, "the file models.json"),
    AP_INIT_TAKE1("MuseAiSharedMemory", muse_set_shared_memory, NULL, RSRC_CONF,
                  "memory for cached pages (64M)"),
    AP_INIT_TAKE1("MuseAiEngines", muse_set_engines, NULL, RSRC_CONF, "number of engines (1)"),
    AP_INIT_TAKE1("MuseAiNode", muse_set_node, NULL, RSRC_CONF, "the Node.js program"),
    AP_INIT_TAKE1("MuseAiEngine", muse_set_engine, NULL, RSRC_CONF, "the engine's script"),
    AP_INIT_ITERATE("PassEnv", muse_note_pass_env, NULL, OR_FILEINFO,
                    "environment variables that the engine may have"),
    /* What the predecessor had, and we say otherwise or in models.json. */
    AP_INIT_ITERATE("MuseAiBackendEndpoint", muse_add_endpoint, NULL, RSRC_CONF,
                    "URLs of providers, in place of MuseAiEndpoint; calls are spread over them"),
    AP_INIT_TAKE1("MuseAiLoadBalanceMethod", muse_set_balance, NULL, RSRC_CONF,
                  "how calls are spread: round_robin (default), random or least_connections"),
    CALL_NUMBER("MuseAiConnectTimeout", connect_range, RSRC_CONF,
                "seconds until a connection to a provider stands (10)"),
    CALL_NUMBER("MuseAiReadTimeout", read_range, RSRC_CONF,
                "seconds between two pieces of an answer (60)"),
    CALL_NUMBER("MuseAiMaxRetries", retries_range, RSRC_CONF,
                "how often a failed call is made again (2)"),
    CALL_NUMBER("MuseAiRetryDelayMs", delay_range, RSRC_CONF,
                "milliseconds that the first pause before a retry may take (500)"),
    CALL_NUMBER("MuseAiPoolMaxConnections", pool_range, RSRC_CONF,
                "the most connections of an engine to one provider; no limit by default"),
    CALL_NUMBER("MuseAiPoolConnectionTimeout", free_range, RSRC_CONF,
                "seconds that a call waits for one of them to be free"),
    AP_INIT_TAKE1("MuseAiPoolIdleTimeout", muse_set_pool_idle, NULL, RSRC_CONF,
                  "seconds for which a connection is kept for the next call (4)"),
    AP_INIT_FLAG("MuseAiPoolEnableKeepAlive", muse_set_pool_keep_alive, NULL, RSRC_CONF,
                 "On (default): connections to providers are kept for the next call"),
    AP_INIT_ITERATE("MuseAiReasoningModelPattern", muse_add_thinker, NULL, RSRC_CONF,
                    "parts of names of models that reason"),
    AP_INIT_FLAG("MuseAiReasoningDisableThinking", muse_set_thinking_off, NULL, RSRC_CONF,
                 "On: models that reason are told not to; by default once a pattern is given"),
    FLAG("MuseAiStreaming", streaming, AUTHOR,
         "On (default): pages are sent while they are written; Off: when they are whole"),
    AP_INIT_FLAG("MuseAiDebug", muse_set_debug, NULL, RSRC_CONF,
                 "On: as LogLevel muse_ai:debug does"),
    AP_INIT_FLAG("MuseAiMetricsEnable", muse_set_metrics, NULL, RSRC_CONF,
                 "Off: the handler muse-ai-metrics answers 404"),
    AP_INIT_TAKE1("MuseAiMetricsEndpoint", muse_set_metrics_path, NULL, RSRC_CONF,
                  "path of the URL at which metrics are told, such as /metrics"),
    AP_INIT_ITERATE("MuseAiSecurityAllowedOrigins", muse_add_origin, NULL, ADMIN,
                    "origins whose scripts may read pages, such as https://www.example.com"),
    AP_INIT_TAKE1("MuseAiStreamingBufferSize", muse_note_no_effect, NULL, ADMIN,
                  "no effect: all is sent at once"),
    AP_INIT_TAKE1("MuseAiStreamingChunkSize", muse_note_no_effect, NULL, ADMIN,
                  "no effect: all is sent at once"),
    AP_INIT_TAKE1("MuseAiStreamingSanitizationEnable", muse_note_no_effect, NULL, ADMIN,
                  "no effect: answers are always cleaned"),
    AP_INIT_TAKE1("MuseAiCacheMaxEntries", muse_note_no_effect, NULL, ADMIN,
                  "no effect; see MuseAiSharedMemory"),
    AP_INIT_TAKE1("MuseAiCacheKeyPrefix", muse_note_no_effect, NULL, ADMIN,
                  "no effect: keys are hashes"),
    AP_INIT_TAKE1("MuseAiMetricsIncludeRequestDetails", muse_note_no_effect, NULL, ADMIN,
                  "no effect: metrics are sums"),
    AP_INIT_TAKE1("MuseAiSecurityValidateContentType", muse_note_no_effect, NULL, ADMIN,
                  "no effect: types are always checked"),
    AP_INIT_TAKE1("MuseAiHealthCheckInterval", muse_note_no_effect, NULL, ADMIN,
                  "no effect; see circuit in models.json"),
    AP_INIT_TAKE1("MuseAiWriteTimeout", muse_note_no_effect, NULL, ADMIN,
                  "no effect; see MuseAiTimeout"),
    {NULL},
};
