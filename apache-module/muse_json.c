#include <apr_strings.h>

#include "muse_config.h"
#include "muse_json.h"

const char *muse_json_text(apr_pool_t *p, const char *text)
{
    char *out;
    char *o;

    if (!text) {
        return "null";
    }
    out = o = apr_palloc(p, strlen(text) * 6 + 3);
    *o++ = '"';
    for (; *text; text++) {
        const unsigned char c = (unsigned char)*text;

        if (c == '"' || c == '\\') {
            *o++ = '\\';
            *o++ = (char)c;
        } else if (c < 0x20 || c == 0x7f) {
            o += apr_snprintf(o, 7, "\\u%04x", c);
        } else {
            *o++ = (char)c;
        }
    }
    *o++ = '"';
    *o = '\0';
    return out;
}

const char *muse_json_texts(apr_pool_t *p, const apr_array_header_t *texts)
{
    const char *out = "";
    int i;

    for (i = 0; texts && i < texts->nelts; i++) {
        out = apr_pstrcat(p, out, i ? "," : "",
                          muse_json_text(p, APR_ARRAY_IDX(texts, i, const char *)), NULL);
    }
    return apr_pstrcat(p, "[", out, "]", NULL);
}

const char *muse_json_number(apr_pool_t *p, int value)
{
    return value == MUSE_UNSET ? "null" : apr_itoa(p, value);
}

const char *muse_json_flag(int value)
{
    return value == MUSE_UNSET ? "null" : value ? "true" : "false";
}
