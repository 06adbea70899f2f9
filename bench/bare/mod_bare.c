/*
 * The least that an httpd handler can do, as a yardstick for the benchmarks and for nothing else:
 * headers and bytes that were read when httpd started, sent from the memory of the process.
 *
 *   BareAnswer FILE     lines "Name: value", an empty line, the body
 *   AddHandler bare-answer .bare
 */
#include <string.h>

#include <httpd.h>
#include <http_config.h>
#include <http_protocol.h>
#include <apr_buckets.h>
#include <apr_file_io.h>
#include <apr_strings.h>
#include <util_filter.h>

#define HANDLER "bare-answer"

enum { HEADERS_MAX = 32 };

/* Written while the configuration is read, read-only afterwards. */
static struct {
    const char *type;
    struct {
        const char *name;
        const char *value;
    } headers[HEADERS_MAX];
    int headers_len;
    const char *body;
    apr_size_t body_len;
} answer;

/* Takes the head apart; NULL, or what is wrong with it. */
static const char *parse_answer(char *text, apr_size_t length)
{
    const char *end = text + length;

    answer.headers_len = 0;
    while (text < end && *text != '\n') {
        char *newline = memchr(text, '\n', (size_t)(end - text));
        char *colon;

        if (!newline) {
            return "the head has no end";
        }
        *newline = '\0';
        colon = strstr(text, ": ");
        if (!colon || answer.headers_len == HEADERS_MAX) {
            return "a line of the head is not \"Name: value\", or there are too many";
        }
        *colon = '\0';
        if (!strcasecmp(text, "Content-Type")) {
            answer.type = colon + 2;
        } else {
            answer.headers[answer.headers_len].name = text;
            answer.headers[answer.headers_len++].value = colon + 2;
        }
        text = newline + 1;
    }
    if (text == end) {
        return "there is no body";
    }
    answer.body = text + 1;
    answer.body_len = (apr_size_t)(end - answer.body);
    return NULL;
}

static const char *set_answer(cmd_parms *cmd, void *config, const char *path)
{
    apr_file_t *file;
    apr_finfo_t info;
    apr_size_t length;
    char *text;
    const char *wrong;

    (void)config;
    if (apr_file_open(&file, path, APR_FOPEN_READ | APR_FOPEN_BINARY, APR_FPROT_OS_DEFAULT,
                      cmd->temp_pool) != APR_SUCCESS ||
        apr_file_info_get(&info, APR_FINFO_SIZE, file) != APR_SUCCESS) {
        return apr_pstrcat(cmd->pool, "BareAnswer: can't read ", path, NULL);
    }
    length = (apr_size_t)info.size;
    text = apr_pcalloc(cmd->pool, length + 1);
    if (apr_file_read_full(file, text, length, &length) != APR_SUCCESS) {
        return apr_pstrcat(cmd->pool, "BareAnswer: can't read all of ", path, NULL);
    }
    apr_file_close(file);
    wrong = parse_answer(text, length);
    return wrong ? apr_pstrcat(cmd->pool, "BareAnswer: ", path, ": ", wrong, NULL) : NULL;
}

static int send_answer(request_rec *r)
{
    apr_bucket_alloc_t *alloc = r->connection->bucket_alloc;
    apr_bucket_brigade *bb;
    int i;

    if (!r->handler || strcmp(r->handler, HANDLER) != 0) {
        return DECLINED;
    }
    if (r->method_number != M_GET || !answer.body) {
        return HTTP_NOT_FOUND;
    }
    ap_set_content_type(r, answer.type);
    for (i = 0; i < answer.headers_len; i++) {
        apr_table_setn(r->headers_out, answer.headers[i].name, answer.headers[i].value);
    }
    ap_set_content_length(r, (apr_off_t)answer.body_len);
    bb = apr_brigade_create(r->pool, alloc);
    APR_BRIGADE_INSERT_TAIL(bb, apr_bucket_immortal_create(answer.body, answer.body_len, alloc));
    APR_BRIGADE_INSERT_TAIL(bb, apr_bucket_eos_create(alloc));
    (void)ap_pass_brigade(r->output_filters, bb);
    return OK;
}

static const command_rec directives[] = {
    AP_INIT_TAKE1("BareAnswer", set_answer, NULL, RSRC_CONF, "file with head and body to send"),
    {NULL},
};

static void register_hooks(apr_pool_t *p)
{
    (void)p;
    ap_hook_handler(send_answer, NULL, NULL, APR_HOOK_MIDDLE);
}

AP_DECLARE_MODULE(bare) = {
    STANDARD20_MODULE_STUFF,
    .cmds = directives,
    .register_hooks = register_hooks,
};
