/* JSON, as far as an engine is told of settings. */
#ifndef MUSE_JSON_H
#define MUSE_JSON_H

#include <httpd.h>
#include <apr_tables.h>

/* A JSON string of bytes that are UTF-8, or null. */
const char *muse_json_text(apr_pool_t *p, const char *text);

/* An array of const char *, as JSON strings; NULL gives an empty one. */
const char *muse_json_texts(apr_pool_t *p, const apr_array_header_t *texts);

/* A number, or null for MUSE_UNSET. */
const char *muse_json_number(apr_pool_t *p, int value);

/* true or false, or null for MUSE_UNSET. */
const char *muse_json_flag(int value);

#endif
