/*
 * A module of httpd that does wrong when it is asked to, for the test that sanitizers tell of it:
 * /faulty?overflow and so on, where "SetHandler muse-faulty" is said.
 */
#include <stdlib.h>
#include <string.h>

#include <httpd.h>
#include <http_config.h>
#include <http_protocol.h>
#include <apr_strings.h>
#include <apr_thread_proc.h>

/* So that no compiler is too clever for the fault. */
static volatile int sink;
static void *(*volatile get_memory)(size_t) = malloc;
static int shared;

static void overflow(request_rec *r)
{
    const char *piece = apr_pstrcat(r->pool, "four", NULL);
    volatile int beyond = 5;

    sink = piece[beyond];
}

static void shift(request_rec *r)
{
    volatile int negative = -1 - (int)strlen(r->uri);

    sink = negative << 1;
}

static void leak(request_rec *r)
{
    char *volatile lost = get_memory(strlen(r->uri));

    sink = lost != NULL;
    lost = NULL;
}

static void uninitialised(request_rec *r)
{
    char *bytes = get_memory(16);

    if (bytes[strlen(r->uri) % 16] == 'x') {
        ap_rputs("an x\n", r);
    }
    free(bytes);
}

static void *APR_THREAD_FUNC add_to_shared(apr_thread_t *thread, void *unused)
{
    (void)thread;
    (void)unused;
    shared++;
    return NULL;
}

static void race(request_rec *r)
{
    apr_thread_t *threads[2];
    apr_status_t rv;
    int i;

    for (i = 0; i < 2; i++) {
        ap_thread_create(&threads[i], NULL, add_to_shared, NULL, r->pool);
    }
    for (i = 0; i < 2; i++) {
        apr_thread_join(&rv, threads[i]);
    }
    sink = shared;
}

static int handle(request_rec *r)
{
    static const struct {
        const char *name;
        void (*commit)(request_rec *r);
    } faults[] = {
        {"overflow", overflow},           {"shift", shift}, {"leak", leak},
        {"uninitialised", uninitialised}, {"race", race},
    };
    size_t i;

    if (!r->handler || strcmp(r->handler, "muse-faulty")) {
        return DECLINED;
    }
    for (i = 0; i < sizeof faults / sizeof *faults; i++) {
        if (r->args && !strcmp(r->args, faults[i].name)) {
            faults[i].commit(r);
            ap_rputs("done\n", r);
            return OK;
        }
    }
    return HTTP_NOT_FOUND;
}

static void register_hooks(apr_pool_t *p)
{
    (void)p;
    ap_hook_handler(handle, NULL, NULL, APR_HOOK_FIRST);
}

module AP_MODULE_DECLARE_DATA muse_faulty_module = {
    STANDARD20_MODULE_STUFF, NULL, NULL, NULL, NULL, NULL, register_hooks,
#ifdef AP_MODULE_FLAG_NONE
    AP_MODULE_FLAG_NONE,
#endif
};
