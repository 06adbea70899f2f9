#include <stdlib.h>
#include <string.h>

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
