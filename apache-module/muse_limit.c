#include <string.h>

#include <httpd.h>
#include <http_config.h>
#include <http_log.h>
#include <apr_network_io.h>
#include <apr_strings.h>

#include "muse_config.h"
#include "muse_limit.h"
#include "muse_limiter.h"

APLOG_USE_MODULE(muse_ai);

enum { NAME_MOST = 64, ID_MOST = 1 + NAME_MOST, ZONE_MOST = 200 };

static int is_free(const muse_dir_config *config, apr_sockaddr_t *address)
{
    int i;

    for (i = 0; config->limit_free && i < config->limit_free->nelts; i++) {
        apr_ipsubnet_t *subnet = APR_ARRAY_IDX(config->limit_free, i, apr_ipsubnet_t *);

        if (apr_ipsubnet_test(subnet, address)) {
            return 1;
        }
    }
    return 0;
}

/* The bytes that stand for a name: its end, where it is longer than names are. */
static size_t name_id(const char *name, uint8_t id[ID_MOST])
{
    const size_t length = strlen(name);
    const size_t taken = length < NAME_MOST ? length : NAME_MOST;

    id[0] = 'n';
    memcpy(id + 1, name + length - taken, taken);
    return 1 + taken;
}

/* The bytes that stand for a client: an IPv4 address, or the first half of an IPv6 one. */
static size_t client_id(const apr_sockaddr_t *address, uint8_t id[ID_MOST])
{
    const uint8_t *bytes = address->ipaddr_ptr;
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

    if (address->ipaddr_len == 16 && !memcmp(bytes, mapped, sizeof mapped)) {
        bytes += sizeof mapped;
    } else if (address->ipaddr_len == 16) {
        id[0] = 6;
        memcpy(id + 1, bytes, 8);
        return 9;
    }
    id[0] = 4;
    memcpy(id + 1, bytes, 4);
    return 5;
}

static apr_uint64_t seconds(uint64_t nanoseconds)
{
    return (nanoseconds + 999999999) / 1000000000;
}

int muse_limit_take(request_rec *r, muse_region *region, const char *name)
{
    const muse_dir_config *config = muse_config_dir(r);
    muse_limit limit;
    muse_limit_result result;
    uint8_t id[ID_MOST + ZONE_MOST];
    size_t id_len;
    size_t zone_len;

    if (!muse_config_limited(config) || is_free(config, r->useragent_addr)) {
        return OK;
    }
    limit.per_minute = (uint32_t)muse_or(config->limit_rpm, MUSE_DEFAULT_RPM);
    limit.burst = (uint32_t)muse_config_burst(config);
    id_len = name ? name_id(name, id) : client_id(r->useragent_addr, id);
    zone_len = config->limit_zone ? strlen(config->limit_zone) : 0;
    zone_len = zone_len > ZONE_MOST ? ZONE_MOST : zone_len;
    if (zone_len) {
        /* The end of the name, where the line number is. */
        memcpy(id + id_len, config->limit_zone + strlen(config->limit_zone) - zone_len, zone_len);
    }
    if (muse_limiter_take(region, id, id_len + zone_len, muse_clock_ns(), &limit, &result) !=
            MUSE_OK ||
        result.allowed) {
        return OK;
    }
    apr_table_setn(r->err_headers_out, "Retry-After",
                   apr_psprintf(r->pool, "%" APR_UINT64_T_FMT, seconds(result.retry_after)));
    apr_table_setn(r->err_headers_out, "RateLimit-Policy",
                   apr_psprintf(r->pool, "\"client\";q=%u;w=60", limit.per_minute));
    apr_table_setn(
        r->err_headers_out, "RateLimit",
        apr_psprintf(r->pool, "\"client\";r=0;t=%" APR_UINT64_T_FMT, seconds(result.retry_after)));
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, r,
                  "MUSE0032: client %s is over its limit of %u requests a minute (%u at once); "
                  "if that address is a proxy's, load mod_remoteip so that each client behind it "
                  "counts for itself",
                  name ? name : r->useragent_ip, limit.per_minute, limit.burst);
    return muse_or(config->limit_status, MUSE_DEFAULT_LIMIT_STATUS);
}
