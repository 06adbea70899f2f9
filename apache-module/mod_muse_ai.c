/*
 * mod_muse_ai: pages that a language model writes from a prompt in a .ai file.
 *
 *   configuration   muse_config      settings, their defaults and inheritance
 *                   muse_backend     those for calls to providers
 *                   muse_backends    the names of those
 *                   muse_directives  the directives, their setters (muse_set_directory,
 *                                    muse_set_csp, muse_set_language, muse_set_server,
 *                                    muse_set_backend) and values (muse_values)
 *                   muse_budgets     MuseAiBudget, set by muse_set_budget
 *                   muse_no_effect   those that do nothing here
 *                   muse_debug       MuseAiDebug
 *   processes       muse_process     region, sockets, supervisor; kept over restarts
 *                   muse_supervisor  starts and watches the engines
 *                   muse_still       and sees which does not move
 *                   muse_spawn       starts one
 *                   muse_confine     and takes from it what it does not need
 *                   muse_budget_file what they used today, kept over restarts
 *                   muse_settings    what an engine is told, in JSON (muse_json)
 *                   muse_log         what it says
 *   requests        muse_handler     a request's way, in order: read this first
 *                   muse_page        which files are pages; protection of their source
 *                   muse_source      copies of those, and settings: for nobody
 *                   muse_metrics_path, muse_origin   MuseAiMetricsEndpoint, …AllowedOrigins
 *                   muse_cross_site  what another site's page makes a browser send
 *                   muse_choice      which model
 *                   muse_language    which language: asked for by muse_prefix, the first part of
 *                                    the URL, muse_accept_language and others;
 *                                    muse_language_match compares tags
 *                   muse_translation page.es.ai in place of page.ai
 *                   muse_limit       rate limit
 *                   muse_key         page key
 *                   muse_cached      answers from the store
 *                   muse_conditions  what a client has already
 *                   muse_stale       those that are past their time
 *                   muse_purger      those that shall be there no more
 *                   muse_trust       what a browser may do with a page
 *                   muse_privacy     and caches, where not everybody may see it
 *                   muse_language_headers  what an answer says of its language
 *                   muse_tally       what became of it: counted, timed, noted for the log
 *   programs        muse_door        OpenAI's protocol, told to the engine
 *                   muse_keys        whose key it is; muse_sha256
 *   administrators  muse_admin       their pages: metrics and health, and
 *                   muse_metrics     the former's text
 *                   muse_status      the status page, and the block on mod_status
 *   answers of      muse_params      what the engine is told of a request
 *   the engine      muse_body        a request's body
 *                   muse_fcgi        FastCGI
 *                   muse_link        connections
 *                   muse_stream      from engine to visitor, without waiting for the engine
 *                   muse_patience    which of them, and for how long
 *                   muse_answer      the visitor's side of that
 *   waiting for it  muse_wait        on the request's thread
 *                   muse_suspend     on none: the request is suspended
 *                   muse_watch       one thread that waits for all of those; muse_slots
 *                   muse_flow        output that never waits for the visitor
 */
#include <httpd.h>
#include <http_config.h>
#include <http_request.h>

#include "muse_admin.h"
#include "muse_config.h"
#include "muse_cross_site.h"
#include "muse_debug.h"
#include "muse_door.h"
#include "muse_handler.h"
#include "muse_keys.h"
#include "muse_language.h"
#include "muse_link.h"
#include "muse_metrics_path.h"
#include "muse_no_effect.h"
#include "muse_origin.h"
#include "muse_page.h"
#include "muse_prefix.h"
#include "muse_process.h"
#include "muse_purger.h"
#include "muse_source.h"
#include "muse_status.h"
#include "muse_suspend.h"

static void register_hooks(apr_pool_t *p)
{
    static const char *const mod_dir[] = {"mod_dir.c", NULL};

    (void)p;
    /* the parent */
    ap_hook_pre_config(muse_config_pre, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(muse_no_effect_say, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(muse_debug_raise, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(muse_process_start, NULL, NULL, APR_HOOK_LAST);
    ap_hook_post_config(muse_keys_check, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_test_config(muse_keys_test, NULL, NULL, APR_HOOK_MIDDLE);
    /* each child, once */
    ap_hook_child_init(muse_keys_child, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_init(muse_process_child, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_init(muse_link_child, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_child_init(muse_suspend_child, NULL, NULL, APR_HOOK_MIDDLE);
    /* each request */
    ap_hook_map_to_storage(muse_page_map, NULL, NULL, APR_HOOK_FIRST);
    ap_hook_post_perdir_config(muse_prefix_take, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_post_perdir_config(muse_page_unmap, NULL, NULL, APR_HOOK_FIRST);
    ap_hook_fixups(muse_metrics_path_fixup, NULL, NULL, APR_HOOK_FIRST);
    ap_hook_fixups(muse_source_fixup, NULL, NULL, APR_HOOK_FIRST);
    ap_hook_fixups(muse_page_fixup, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_fixups(muse_language_fixup, NULL, mod_dir, APR_HOOK_LAST);
    ap_hook_fixups(muse_prefix_folder, NULL, mod_dir, APR_HOOK_LAST);
    ap_hook_fixups(muse_prefix_elsewhere, mod_dir, NULL, APR_HOOK_LAST);
    ap_hook_fixups(muse_origin_fixup, NULL, NULL, APR_HOOK_LAST);
    ap_hook_handler(muse_cross_site_run, NULL, NULL, APR_HOOK_FIRST);
    ap_hook_handler(muse_handler_run, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_handler(muse_door_run, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_handler(muse_admin_run, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_handler(muse_purger_run, NULL, NULL, APR_HOOK_MIDDLE);
    muse_status_register();
    muse_suspend_register();
}

AP_DECLARE_MODULE(muse_ai) = {
    STANDARD20_MODULE_STUFF,
    .create_dir_config = muse_config_create_dir,
    .merge_dir_config = muse_config_merge_dir,
    .create_server_config = muse_config_create_server,
    .merge_server_config = muse_config_merge_server,
    .cmds = muse_directives,
    .register_hooks = register_hooks,
};
