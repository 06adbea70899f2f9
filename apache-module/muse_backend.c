#include <apr_strings.h>

#include "muse_backend.h"
#include "muse_config.h"
#include "muse_json.h"

void muse_backend_init(muse_backend *b)
{
    memset(b, 0, sizeof *b);
    b->connect = b->idle = b->retries = b->retry_delay = MUSE_UNSET;
    b->connections = b->free_wait = b->thinking_off = MUSE_UNSET;
}

#define MERGE_NUMBER(field) c->field = add->field != MUSE_UNSET ? add->field : base->field
#define MERGE_POINTER(field) c->field = add->field ? add->field : base->field

void muse_backend_merge(muse_backend *c, const muse_backend *base, const muse_backend *add)
{
    const int moved = add->endpoint || add->endpoints;

    c->endpoint = moved ? add->endpoint : base->endpoint;
    c->endpoints = moved ? add->endpoints : base->endpoints;
    /* A key belongs to the endpoints it was written for: a virtual host with endpoints of its
     * own does not take the main server's key there. */
    c->api_key = add->api_key ? add->api_key : moved ? NULL : base->api_key;
    MERGE_POINTER(balance);
    MERGE_NUMBER(connect);
    MERGE_NUMBER(idle);
    MERGE_NUMBER(retries);
    MERGE_NUMBER(retry_delay);
    MERGE_NUMBER(connections);
    MERGE_NUMBER(free_wait);
    MERGE_NUMBER(thinking_off);
    MERGE_POINTER(thinkers);
}

const char *muse_backend_fields(apr_pool_t *p, const muse_backend *b)
{
    return apr_pstrcat(p, "\"endpoint\":", muse_json_text(p, b->endpoint),
                       ",\"endpoints\":", muse_json_texts(p, b->endpoints),
                       ",\"api_key\":", muse_json_text(p, b->api_key),
                       ",\"load_balancing\":", muse_json_text(p, b->balance),
                       ",\"connect\":", muse_json_number(p, b->connect),
                       ",\"idle\":", muse_json_number(p, b->idle),
                       ",\"retries\":", muse_json_number(p, b->retries),
                       ",\"retry_delay_ms\":", muse_json_number(p, b->retry_delay),
                       ",\"connections\":", muse_json_number(p, b->connections),
                       ",\"free_wait\":", muse_json_number(p, b->free_wait),
                       ",\"thinking_off\":", muse_json_flag(b->thinking_off),
                       ",\"thinkers\":", muse_json_texts(p, b->thinkers), NULL);
}

const char *muse_backend_shape(apr_pool_t *p, const muse_backend *b)
{
    return apr_pstrcat(p, muse_json_text(p, b->endpoint), muse_json_texts(p, b->endpoints),
                       muse_json_flag(b->thinking_off), muse_json_texts(p, b->thinkers), NULL);
}
