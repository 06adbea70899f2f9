/* Values of directives: whole numbers and sizes with their bounds. */
#ifndef MUSE_VALUES_H
#define MUSE_VALUES_H

#include <httpd.h>
#include <http_config.h>

/* A whole number with its bounds; field is its place in the settings that it belongs to. */
typedef struct {
    size_t field;
    int min;
    int max;
    const char *unit;
    const char *example;
} muse_number_range;

/* A size with its bounds as people write them; field is its place in muse_dir_config. */
typedef struct {
    size_t field;
    apr_off_t min;
    apr_off_t max;
    const char *told; /* "from 1M to 64G" */
    const char *example;
} muse_size_range;

/* Where the directive stands, as "file:line". */
const char *muse_where(cmd_parms *cmd);

/* Into an array that this section's own lines fill; what is inherited stays as it is. */
void muse_add_to(apr_pool_t *p, apr_array_header_t **list, const void *element);

/* These return NULL and leave the value, or what is wrong with arg and what would be right. */
const char *muse_parse_number(cmd_parms *cmd, const char *arg, const muse_number_range *range,
                              int *value);
const char *muse_parse_size(cmd_parms *cmd, const char *arg, const muse_size_range *range,
                            apr_off_t *value);

#endif
