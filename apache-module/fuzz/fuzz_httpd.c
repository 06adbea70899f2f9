#include <stdlib.h>
#include <string.h>

#include <httpd.h>
#include <http_config.h>
#include <http_protocol.h>
#include <http_request.h>
#include <util_filter.h>
#include <http_connection.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include "fuzz_httpd.h"
#include "muse_config.h"

/* libFuzzer's main function, for programs that have one of their own. */
int LLVMFuzzerRunDriver(int *count, char ***arguments,
                        int (*test)(const uint8_t *data, size_t size));

static server_rec *server;

/* In place of the network: keeps what is sent. */
static apr_status_t keep_sent(ap_filter_t *filter, apr_bucket_brigade *bb)
{
    fuzz_visit *visit = filter->ctx;
    apr_bucket *b;

    for (b = APR_BRIGADE_FIRST(bb); b != APR_BRIGADE_SENTINEL(bb); b = APR_BUCKET_NEXT(b)) {
        const char *data;
        apr_size_t length;

        if (APR_BUCKET_IS_METADATA(b)) {
            visit->sent_end |= AP_BUCKET_IS_EOC(b);
            continue;
        }
        FUZZ_CHECK(apr_bucket_read(b, &data, &length, APR_BLOCK_READ) == APR_SUCCESS);
        visit->sent = realloc(visit->sent, visit->sent_length + length + 1);
        FUZZ_CHECK(visit->sent);
        memcpy(visit->sent + visit->sent_length, data, length);
        visit->sent_length += length;
        visit->sent[visit->sent_length] = '\0';
    }
    apr_brigade_cleanup(bb);
    return APR_SUCCESS;
}

static conn_rec *make_connection(fuzz_visit *visit)
{
    conn_rec *c = apr_pcalloc(visit->pool, sizeof *c);

    c->pool = visit->pool;
    c->base_server = server;
    c->conn_config = ap_create_conn_config(c->pool);
    c->notes = apr_table_make(c->pool, 5);
    c->bucket_alloc = apr_bucket_alloc_create(c->pool);
    FUZZ_CHECK(!apr_sockaddr_info_get(&c->client_addr, "127.0.0.1", APR_INET, 1, 0, c->pool));
    c->local_addr = c->client_addr;
    c->client_ip = c->local_ip = "127.0.0.1";
    c->keepalive = AP_CONN_UNKNOWN;
    (void)ap_add_output_filter("FUZZ_SENT", visit, NULL, c);
    return c;
}

static request_rec *make_request(conn_rec *c)
{
    request_rec *r = ap_create_request(c);

    r->request_time = apr_time_from_sec(1700000000);
    r->the_request = "GET /page HTTP/1.1";
    r->method = "GET";
    r->method_number = M_GET;
    r->protocol = "HTTP/1.1";
    r->proto_num = HTTP_VERSION(1, 1);
    r->hostname = "localhost";
    r->uri = r->unparsed_uri = r->parsed_uri.path = apr_pstrdup(r->pool, "/page");
    r->filename = apr_pstrdup(r->pool, "/none/page.ai");
    r->status = HTTP_OK;
    r->per_dir_config = r->server->lookup_defaults;
    r->useragent_addr = c->client_addr;
    r->useragent_ip = c->client_ip;
    apr_table_setn(r->headers_in, "Host", "localhost");
    return r;
}

void fuzz_visit_begin(fuzz_visit *visit)
{
    memset(visit, 0, sizeof *visit);
    apr_pool_create(&visit->pool, NULL);
    visit->connection = make_connection(visit);
    visit->r = make_request(visit->connection);
    visit->q = (muse_request){.r = visit->r,
                              .config = muse_config_dir(visit->r),
                              .cached = 1,
                              .get = 1,
                              .whole = 1,
                              .status = HTTP_OK};
}

void fuzz_visit_end(fuzz_visit *visit)
{
    apr_pool_destroy(visit->pool);
    free(visit->sent);
}

static int is_token(const char *from, const char *to)
{
    const char *c;

    for (c = from; c < to; c++) {
        if (!apr_isalnum(*c) && !strchr("!#$%&'*+-.^_`|~", *c)) {
            return 0;
        }
    }
    return to > from;
}

const char *fuzz_check_head(const fuzz_visit *visit)
{
    const char *line = visit->sent;
    const char *end = line ? strstr(line, "\r\n\r\n") : NULL;
    int first = 1;

    if (!end) {
        FUZZ_CHECK(!visit->sent_length);
        return NULL;
    }
    FUZZ_CHECK(!strncmp(line, "HTTP/1.1 ", 9) && apr_isdigit(line[9]) && line[12] == ' ');
    FUZZ_CHECK(line[9] >= '2' && line[9] <= '5');
    while (line < end + 2) {
        const char *next = strstr(line, "\r\n");
        const char *colon = memchr(line, ':', (size_t)(next - line));
        const char *c;

        for (c = line; c < next; c++) {
            FUZZ_CHECK((unsigned char)*c >= 0x20 || *c == '\t');
        }
        FUZZ_CHECK(first || (colon && is_token(line, colon)));
        first = 0;
        line = next + 2;
    }
    return end + 4;
}

/* The lines of the environment's MUSE_FUZZ_ARGUMENTS, with a NULL behind them. */
static char **arguments(apr_pool_t *p, int *count)
{
    char *text = apr_pstrdup(p, getenv("MUSE_FUZZ_ARGUMENTS"));
    apr_array_header_t *all = apr_array_make(p, 8, sizeof(char *));
    char *state;
    char *line;

    FUZZ_CHECK(text);
    for (line = apr_strtok(text, "\n", &state); line; line = apr_strtok(NULL, "\n", &state)) {
        APR_ARRAY_PUSH(all, char *) = line;
    }
    *count = all->nelts;
    APR_ARRAY_PUSH(all, char *) = NULL;
    return (char **)all->elts;
}

/* httpd has read its configuration, and is about to end. */
static void run(apr_pool_t *p, server_rec *s)
{
    int count;
    char **all = arguments(p, &count);

    server = s;
    ap_register_output_filter("FUZZ_SENT", keep_sent, NULL, AP_FTYPE_NETWORK);
    exit(LLVMFuzzerRunDriver(&count, &all, LLVMFuzzerTestOneInput));
}

static void register_hooks(apr_pool_t *p)
{
    (void)p;
    ap_hook_test_config(run, NULL, NULL, APR_HOOK_REALLY_LAST);
}

AP_DECLARE_MODULE(muse_fuzz) = {STANDARD20_MODULE_STUFF, .register_hooks = register_hooks};
