#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "muse_text.h"

/* 1: there is room for so many bytes more and a NUL. */
static int make_room(muse_text *text, size_t more)
{
    size_t room = text->room ? text->room : 4096;
    char *bytes;

    while (room < text->length + more + 1) {
        room *= 2;
    }
    if (room == text->room) {
        return 1;
    }
    bytes = realloc(text->bytes, room);
    if (!bytes) {
        text->failed = 1;
        return 0;
    }
    text->bytes = bytes;
    text->room = room;
    return 1;
}

void muse_text_add(muse_text *text, const char *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0 || !make_room(text, (size_t)length)) {
        return;
    }
    va_start(arguments, format);
    (void)vsnprintf(text->bytes + text->length, (size_t)length + 1, format, arguments);
    va_end(arguments);
    text->length += (size_t)length;
}

void muse_text_quote(muse_text *text, const char *string)
{
    const size_t most = strlen(string) * 6 + 2;
    char *at;

    if (!make_room(text, most)) {
        return;
    }
    at = text->bytes + text->length;
    *at++ = '"';
    for (; *string; string++) {
        const unsigned char c = (unsigned char)*string;

        if (c == '"' || c == '\\') {
            *at++ = '\\';
            *at++ = (char)c;
        } else if (c < 0x20 || c == 0x7f) {
            at += sprintf(at, "\\u%04x", c);
        } else {
            *at++ = (char)c;
        }
    }
    *at++ = '"';
    *at = '\0';
    text->length = (size_t)(at - text->bytes);
}

void muse_text_free(muse_text *text)
{
    free(text->bytes);
    memset(text, 0, sizeof *text);
}
