/*
 * The file of client keys, whatever stands in it: a key is somebody's where a whole line says so,
 * and nowhere else.
 */
#include <fcntl.h>
#include <unistd.h>

#include <sys/mman.h>

#include <apr_lib.h>
#include <apr_strings.h>

#include "fuzz_httpd.h"
#include "muse_keys.h"
#include "muse_sha256.h"

enum { NAME_MOST = 64, KEY_MOST = 4096, LINE_MOST = 511, LINES_MOST = 32 };

/* Whether a line, taken alone, gives the key with this hash to somebody: of this name, or of any.
 */
static int gives(const char *line, const char *hex, const char *name)
{
    const size_t name_length = strcspn(line, ":");
    const char *rest = line + name_length;
    size_t length = strlen(line);
    size_t i;

    if (length > LINE_MOST) {
        return 0;
    }
    while (length && apr_isspace(line[length - 1])) {
        length--;
    }
    if (!name_length || name_length > NAME_MOST || length != name_length + 8 + 64 ||
        strncasecmp(rest, ":sha256:", 8) != 0 || strncasecmp(rest + 8, hex, 64) != 0) {
        return 0;
    }
    for (i = 0; i < name_length; i++) {
        if (!apr_isalnum(line[i]) && !strchr("._@-", line[i])) {
            return 0;
        }
    }
    return !name || (strlen(name) == name_length && !memcmp(line, name, name_length));
}

static void hash(const char *key, char hex[65])
{
    uint8_t digest[MUSE_SHA256_BYTES];
    int i;

    muse_sha256(key, strlen(key), digest);
    for (i = 0; i < MUSE_SHA256_BYTES; i++) {
        sprintf(hex + 2 * i, "%02x", digest[i]);
    }
}

/* A line of the file. '$' stands for the hash, which no fuzzer could make up. */
static char *next_line(fuzz_input *in, apr_pool_t *p, const char *hex)
{
    char *raw = fuzz_line(in);
    char *line = apr_palloc(p, strlen(raw) * 64 + 1);
    char *at = line;
    const char *c;

    for (c = raw; *c; c++) {
        if (*c == '$') {
            memcpy(at, hex, 64);
            at += 64;
        } else {
            *at++ = *c;
        }
    }
    *at = '\0';
    free(raw);
    return line;
}

/* A long comment, so that a line of the fuzzer's may stand at its end. */
static char *comment_before(apr_pool_t *p, const char *line, size_t length)
{
    char *out = apr_palloc(p, length + strlen(line) + 1);

    memset(out, ' ', length);
    out[0] = '#';
    strcpy(out + length, line);
    return out;
}

/* Writes the file, in one piece; its lines. */
static apr_array_header_t *write_file(fuzz_input *in, apr_pool_t *p, int fd, const char *hex,
                                      uint8_t comment)
{
    apr_array_header_t *lines = apr_array_make(p, 8, sizeof(char *));
    const char *content;
    size_t length;

    while (fuzz_left(in) && lines->nelts < LINES_MOST) {
        const char *line = next_line(in, p, hex);

        if (comment && lines->nelts == 1) {
            line = comment_before(p, line, comment * 2u + 1);
        }
        APR_ARRAY_PUSH(lines, const char *) = apr_pstrcat(p, line, "\n", NULL);
    }
    content = apr_array_pstrcat(p, lines, '\0');
    length = strlen(content);
    FUZZ_CHECK(pwrite(fd, content, length, 0) == (ssize_t)length && !ftruncate(fd, (off_t)length));
    return lines;
}

static int any_gives(const apr_array_header_t *lines, const char *hex, const char *name)
{
    int i;

    for (i = 0; i < lines->nelts; i++) {
        if (gives(APR_ARRAY_IDX(lines, i, const char *), hex, name)) {
            return 1;
        }
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int fd = -1;
    fuzz_input in = fuzz_input_of(data, size);
    const uint8_t comment = fuzz_byte(&in);
    char *sent = fuzz_line(&in);
    const char *key = sent + strspn(sent, " ");
    const apr_array_header_t *lines;
    const char *name;
    fuzz_visit visit;
    char hex[65];

    if (fd < 0) {
        fd = memfd_create("keys", 0);
        FUZZ_CHECK(fd >= 0);
    }
    fuzz_visit_begin(&visit);
    muse_keys_child(visit.pool, visit.r->server); /* what was read before is forgotten */
    apr_table_setn(visit.r->headers_in, "Authorization",
                   apr_pstrcat(visit.pool, "Bearer ", sent, NULL));
    hash(key, hex);
    lines = write_file(&in, visit.pool, fd, hex, comment);
    name = muse_keys_find(visit.r, apr_psprintf(visit.pool, "/proc/self/fd/%d", fd));
    FUZZ_CHECK(!name || any_gives(lines, hex, name));
    FUZZ_CHECK(name || !*key || strlen(key) > KEY_MOST || !any_gives(lines, hex, NULL));
    free(sent);
    fuzz_visit_end(&visit);
    return 0;
}
