#include "answer.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void answer_begin(struct answer *answer, unsigned id)
{
    const struct expected *expected = answer->expected;
    uint32_t *delays = answer->delays;

    memset(answer, 0, sizeof(*answer));
    answer->expected = expected;
    answer->delays = delays;
    answer->id = id;
}

char answer_digit(const char *text, size_t len, size_t at, char mark, unsigned id)
{
    size_t after = at + 1;

    while (after < len && text[after] == mark) {
        id /= 10;
        after++;
    }
    return (char)('0' + id % 10);
}

static void finish(struct answer *answer, enum verdict verdict, uint64_t now)
{
    answer->verdict = verdict;
    answer->end = now;
}

/* The body is over: is there anything that did not come? */
static void finish_whole(struct answer *answer, uint64_t now)
{
    bool right = answer->status == 200 && answer->at == answer->expected->len;

    finish(answer, right ? ANSWER_RIGHT : ANSWER_WRONG, now);
}

static void note_stamp(struct answer *answer, uint64_t now)
{
    uint64_t delay = now > answer->stamp ? (now - answer->stamp) / 1000 : 0;

    answer->delays[answer->delays_len++] = delay > UINT32_MAX ? UINT32_MAX : (uint32_t)delay;
    answer->stamp = 0;
}

/* Whether `c` is what has to come next; moves on if so. */
static bool match(struct answer *answer, char c, uint64_t now)
{
    const char *text = answer->expected->text;
    size_t len = answer->expected->len;
    char wanted;

    if (answer->at == len) {
        return false;
    }
    wanted = text[answer->at];
    if (wanted == '#') {
        if (!isdigit((unsigned char)c)) {
            return false;
        }
        answer->stamp = answer->stamp * 10 + (uint64_t)(c - '0');
        answer->at++;
        if (answer->at == len || text[answer->at] != '#') {
            note_stamp(answer, now);
        }
        return true;
    }
    if (c != (wanted == '@' ? answer_digit(text, len, answer->at, '@', answer->id) : wanted)) {
        return false;
    }
    if (wanted == '[') {
        answer->token = answer->at;
    }
    answer->at++;
    if (wanted == ']') {
        answer->token = answer->at;
    }
    return true;
}

static void take_body(struct answer *answer, const char *bytes, size_t len, uint64_t now)
{
    if (len > 0 && answer->first == 0) {
        answer->first = now;
    }
    answer->body_len += len;
    for (size_t i = 0; i < len; i++) {
        if (match(answer, bytes[i], now)) {
            continue;
        }
        if (!answer->expected->scan) {
            finish(answer, ANSWER_WRONG, now);
            return;
        }
        /* Not this token: what came may begin it anew. */
        if (answer->at != answer->token) {
            answer->at = answer->token;
            answer->stamp = 0;
            (void)match(answer, bytes[i], now);
        }
    }
}

/* The value of a header in the head, or NULL. */
static const char *header(const struct answer *answer, const char *name)
{
    size_t len = strlen(name);
    const char *line = answer->head;

    while ((line = strstr(line, "\r\n")) != NULL) {
        line += 2;
        if (strncasecmp(line, name, len) == 0 && line[len] == ':') {
            return line + len + 1 + strspn(line + len + 1, " ");
        }
    }
    return NULL;
}

static void read_head(struct answer *answer, uint64_t now)
{
    const char *length = header(answer, "Content-Length");
    const char *encoding = header(answer, "Transfer-Encoding");
    const char *connection = header(answer, "Connection");

    answer->status = strncmp(answer->head, "HTTP/1.1 ", 9) == 0 ? atoi(answer->head + 9) : 0;
    answer->keep = !(connection && strncasecmp(connection, "close", 5) == 0);
    if (encoding && strncasecmp(encoding, "chunked", 7) == 0) {
        answer->state = IN_CHUNK_SIZE;
        return;
    }
    answer->state = IN_BODY;
    answer->left = length ? atoll(length) : -1;
    answer->keep = answer->keep && length;
    if (answer->left == 0) {
        finish_whole(answer, now);
    }
}

/* Takes a byte of the head; its last one decides how the body is framed. */
static void take_head(struct answer *answer, char c, uint64_t now)
{
    if (answer->head_len == HEAD_MAX - 1) {
        finish(answer, ANSWER_WRONG, now);
        return;
    }
    answer->head[answer->head_len++] = c;
    answer->head[answer->head_len] = '\0';
    if (c == '\n' && answer->head_len >= 4 &&
        strcmp(answer->head + answer->head_len - 4, "\r\n\r\n") == 0) {
        read_head(answer, now);
    }
}

/* Takes a byte of the line that says how long the next chunk is (RFC 9112, section 7.1). */
static void take_size(struct answer *answer, char c)
{
    if (isxdigit((unsigned char)c) && answer->line_len++ < 8) {
        int digit = isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
        answer->left = answer->left * 16 + digit;
    } else if (c == '\n') {
        answer->line_len = 0;
        answer->state = answer->left > 0 ? IN_CHUNK : IN_TRAILER;
    }
}

/* Takes a byte of what follows the last chunk: lines, and an empty one that ends all. */
static void take_trailer(struct answer *answer, char c, uint64_t now)
{
    if (c == '\n' && answer->line_len == 0) {
        finish_whole(answer, now);
    } else if (c == '\n') {
        answer->line_len = 0;
    } else if (c != '\r') {
        answer->line_len++;
    }
}

/* Takes as many bytes of the body as belong to it or its chunk; returns how many. */
static size_t take_run(struct answer *answer, const char *bytes, size_t len, uint64_t now)
{
    if (answer->left >= 0 && (long long)len > answer->left) {
        len = (size_t)answer->left;
    }
    take_body(answer, bytes, len, now);
    if (answer->left < 0 || answer->verdict != ANSWER_UNFINISHED) {
        return len;
    }
    answer->left -= (long long)len;
    if (answer->left == 0 && answer->state == IN_CHUNK) {
        answer->state = AFTER_CHUNK;
    } else if (answer->left == 0) {
        finish_whole(answer, now);
    }
    return len;
}

void answer_take(struct answer *answer, const char *bytes, size_t len, uint64_t now)
{
    size_t i = 0;

    while (i < len && answer->verdict == ANSWER_UNFINISHED) {
        switch (answer->state) {
        case IN_HEAD:
            take_head(answer, bytes[i++], now);
            break;
        case IN_CHUNK_SIZE:
            take_size(answer, bytes[i++]);
            break;
        case AFTER_CHUNK:
            if (bytes[i++] == '\n') {
                answer->state = IN_CHUNK_SIZE;
            }
            break;
        case IN_TRAILER:
            take_trailer(answer, bytes[i++], now);
            break;
        case IN_BODY:
        case IN_CHUNK:
            i += take_run(answer, bytes + i, len - i, now);
            break;
        }
    }
}

void answer_close(struct answer *answer, uint64_t now)
{
    if (answer->verdict != ANSWER_UNFINISHED) {
        return;
    }
    if (answer->state == IN_BODY && answer->left < 0) {
        finish_whole(answer, now);
    } else {
        finish(answer, ANSWER_CUT, now);
    }
}
