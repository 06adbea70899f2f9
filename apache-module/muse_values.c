/* Values of directives as people write them. Every error says what would be right. */
#include <apr_lib.h>
#include <apr_strings.h>

#include "muse_values.h"

const char *muse_where(cmd_parms *cmd)
{
    return apr_psprintf(cmd->pool, "%s:%d", cmd->directive->filename, cmd->directive->line_num);
}

void muse_add_to(apr_pool_t *p, apr_array_header_t **list, const void *element)
{
    if (!*list) {
        *list = apr_array_make(p, 4, sizeof(const void *));
    }
    APR_ARRAY_PUSH(*list, const void *) = element;
}

const char *muse_parse_number(cmd_parms *cmd, const char *arg, const muse_number_range *range,
                              int *value)
{
    char *end = NULL;
    apr_int64_t n;

    errno = 0;
    n = apr_strtoi64(arg, &end, 10);
    if (errno != 0 || end == arg || *end != '\0' || n < range->min || n > range->max) {
        return apr_psprintf(cmd->pool,
                            "%s: \"%s\" is not a whole number of %s from %d to %d; "
                            "for example: %s %s",
                            cmd->cmd->name, arg, range->unit, range->min, range->max,
                            cmd->cmd->name, range->example);
    }
    *value = (int)n;
    return NULL;
}

const char *muse_parse_size(cmd_parms *cmd, const char *arg, const muse_size_range *range,
                            apr_off_t *value)
{
    char *end = NULL;
    apr_off_t size = 0;
    int shift = 0;

    if (apr_strtoff(&size, arg, &end, 10) == APR_SUCCESS && end != arg && size >= 0 && *end) {
        const char unit = apr_toupper(*end++);

        shift = unit == 'K' ? 10 : unit == 'M' ? 20 : unit == 'G' ? 30 : -1;
    }
    if (end == arg || !end || *end || shift < 0 || size < 0 || size > (range->max >> shift) ||
        (size << shift) < range->min) {
        return apr_psprintf(cmd->pool,
                            "%s: \"%s\" is not a size %s; give bytes or use K, M or G, for "
                            "example: %s %s",
                            cmd->cmd->name, arg, range->told, cmd->cmd->name, range->example);
    }
    *value = size << shift;
    return NULL;
}
