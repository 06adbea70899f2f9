#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <sanitizer/lsan_interface.h>

#include "fuzz_pool.h"

static apr_status_t give_back(void *piece)
{
    free(piece);
    return APR_SUCCESS;
}

void *fuzz_palloc(apr_pool_t *p, apr_size_t size)
{
    void *piece = malloc(size);

    if (!piece) {
        abort();
    }
    /* Whoever reads what nobody has written finds neither zeros nor what was there before. */
    memset(piece, 0xbe, size);
    /* Its pool has it, which is no memory where leaks are looked for. */
    __lsan_ignore_object(piece);
    apr_pool_cleanup_register(p, piece, give_back, apr_pool_cleanup_null);
    return piece;
}

void *fuzz_pmemdup(apr_pool_t *p, const void *bytes, apr_size_t length)
{
    void *piece = fuzz_palloc(p, length);

    if (length) {
        memcpy(piece, bytes, length);
    }
    return piece;
}

char *fuzz_pstrmemdup(apr_pool_t *p, const char *text, apr_size_t length)
{
    char *piece = fuzz_palloc(p, length + 1);

    if (length) {
        memcpy(piece, text, length);
    }
    piece[length] = '\0';
    return piece;
}

char *fuzz_pstrdup(apr_pool_t *p, const char *text)
{
    return text ? fuzz_pstrmemdup(p, text, strlen(text)) : NULL;
}

char *fuzz_pstrndup(apr_pool_t *p, const char *text, apr_size_t most)
{
    return text ? fuzz_pstrmemdup(p, text, strnlen(text, most)) : NULL;
}

char *fuzz_pstrcat(apr_pool_t *p, ...)
{
    apr_size_t length = 0;
    const char *text;
    char *piece;
    va_list texts;

    va_start(texts, p);
    while ((text = va_arg(texts, const char *))) {
        length += strlen(text);
    }
    va_end(texts);
    piece = fuzz_palloc(p, length + 1);
    length = 0;
    va_start(texts, p);
    while ((text = va_arg(texts, const char *))) {
        memcpy(piece + length, text, strlen(text));
        length += strlen(text);
    }
    va_end(texts);
    piece[length] = '\0';
    return piece;
}

/* APR's formats are not those of the C library, so APR writes the text first. */
char *fuzz_psprintf(apr_pool_t *p, const char *format, ...)
{
    va_list values;
    char *text;

    va_start(values, format);
    text = apr_pvsprintf(p, format, values);
    va_end(values);
    return fuzz_pstrdup(p, text);
}
