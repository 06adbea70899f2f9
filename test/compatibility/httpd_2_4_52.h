/*
 * Included before all else, it makes of a newer httpd's headers what httpd 2.4.52 has: whatever
 * came later may not be named, and the module's own guards see the older server. ap_mmn.h lists
 * what came with which number; 2.4.52 has no number above 20120211.121.
 */
#include <ap_mmn.h>
#undef MODULE_MAGIC_NUMBER_MINOR
#define MODULE_MAGIC_NUMBER_MINOR 121

/* All that the module includes: once a name is poisoned, no header may have it any more. */
#include <httpd.h>
#include <ap_listen.h>
#include <ap_mpm.h>
#include <http_config.h>
#include <http_connection.h>
#include <http_core.h>
#include <http_log.h>
#include <http_main.h>
#include <http_protocol.h>
#include <http_request.h>
#include <http_vhost.h>
#include <mod_status.h>
#include <mpm_common.h>
#include <scoreboard.h>
#include <unixd.h>
#include <util_fcgi.h>
#include <util_filter.h>
#include <util_script.h>
#include <util_time.h>

/* .122: threads that know themselves. */
#undef AP_HAS_THREAD_LOCAL
#undef AP_THREAD_LOCAL
#undef ap_thread_create
#undef ap_thread_current
#undef ap_thread_current_create
#undef ap_thread_current_after_fork
#pragma GCC poison ap_thread_create ap_thread_current ap_thread_current_create
#pragma GCC poison ap_thread_current_after_fork ap_thread_main_create
/* .123 */
#undef AP_REG_PCRE_COMPILED
#undef AP_REG_PCRE_LOADED
#pragma GCC poison ap_pcre_version_string AP_REG_PCRE_COMPILED AP_REG_PCRE_LOADED
/* .128, .129 */
#undef AP_CTIME_OPTION_GMTOFF
#pragma GCC poison AP_CTIME_OPTION_GMTOFF ap_get_pollfd_from_conn
/* .132, .134 */
#undef AP_REQUEST_TRUSTED_CT
#undef AP_SLASHES
#undef AP_IS_SLASH
#pragma GCC poison ap_set_content_type_ex ap_filepath_merge AP_REQUEST_TRUSTED_CT
#pragma GCC poison AP_SLASHES AP_IS_SLASH
/* .135, .136, .137 */
#undef AP_MPMQ_CAN_WAITIO
#pragma GCC poison CONN_STATE_ASYNC_WAITIO CONN_STATE_KEEPALIVE CONN_STATE_PROCESSING
#pragma GCC poison wait_io AP_MPMQ_CAN_WAITIO
/* .140, .141, .142 */
#pragma GCC poison ap_set_time_process_request ap_stat_check
#pragma GCC poison ap_memeq_timingsafe ap_streq_timingsafe ap_strneq_timingsafe
