/* A text that grows while it is written. What finds no memory is left out, and it says so. */
#ifndef MUSE_TEXT_H
#define MUSE_TEXT_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Begins as {0}. The caller's, to be freed with muse_text_free. */
typedef struct {
    char *bytes; /* NUL-terminated; NULL while it is empty */
    size_t length;
    size_t room;
    int failed; /* memory ran out: it is not whole */
} muse_text;

void muse_text_add(muse_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A string of JSON with its quotation marks. Bytes above ASCII pass as they are. */
void muse_text_quote(muse_text *text, const char *string);

void muse_text_free(muse_text *text);

#ifdef __cplusplus
}
#endif
#endif
