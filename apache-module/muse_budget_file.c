#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <httpd.h>
#include <http_config.h>
#include <http_log.h>
#include <unixd.h>
#include <apr_strings.h>

#include "muse_budget.h"
#include "muse_budget_file.h"
#include "muse_config.h"

APLOG_USE_MODULE(muse_ai);

#define HEAD "muse-ai-budgets 1 "
#define NAME "budgets"
#define NEW_NAME "budgets.new"

enum { BYTES_MOST = 1 << 20 };

/* ---- the folder ---- */

/* 0, or an errno. What is there already must be User's own: others could put a file in its place.
 */
static int make_folder(const char *path)
{
    const int made = mkdir(path, 0700) == 0;
    struct stat info;
    int error = 0;
    int fd;

    if (!made && errno != EEXIST) {
        return errno;
    }
    fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return errno;
    }
    if (made && geteuid() == 0 &&
        fchown(fd, ap_unixd_config.user_id, ap_unixd_config.group_id) != 0) {
        error = errno;
    } else if (fstat(fd, &info) != 0) {
        error = errno;
    } else if (info.st_uid != (geteuid() == 0 ? ap_unixd_config.user_id : geteuid())) {
        error = EPERM;
    }
    close(fd);
    return error;
}

const char *muse_budget_file_folder(apr_pool_t *p, server_rec *s)
{
    const char *set = muse_config_global()->state_dir;
    const char *path = set ? set : ap_runtime_dir_relative(p, "muse-ai-state");
    const int error = make_folder(path);

    if (error) {
        ap_log_error(APLOG_MARK, APLOG_ERR, error, s,
                     "MUSE0096: the folder %s can't be used, so budgets begin anew when httpd is "
                     "stopped and started; it must belong to the User of this httpd, and the "
                     "folder above it must exist: see MuseAiStateDir",
                     path);
        return NULL;
    }
    return path;
}

/* ---- what stands in the file ---- */

static void render(const muse_budget_file *file, muse_text *text, size_t *count)
{
    const uint32_t today = muse_budget_today();
    muse_budget budget;

    *text = (muse_text){0};
    muse_text_add(text, HEAD "%s\n", file->owner);
    for (*count = 0; muse_budget_at(file->region, *count, today, &budget) == MUSE_OK; ++*count) {
        if (strchr(budget.name, '\n')) {
            continue; /* no engine of ours names one so */
        }
        muse_text_add(text, "%u %s %" PRIu64 " %" PRIu64 " %s\n", today,
                      muse_budget_unit_name(budget.unit), budget.limit, budget.used, budget.name);
    }
}

/* 1: the line was understood. What was used on a day that is over is of no interest. */
static int take_line(const muse_budget_file *file, const char *line)
{
    char unit[8];
    uint64_t limit;
    uint64_t used;
    uint32_t day;
    int at = 0;

    if (sscanf(line, "%" SCNu32 " %7s %" SCNu64 " %" SCNu64 " %n", &day, unit, &limit, &used,
               &at) != 4 ||
        at == 0 || !line[at] || (strcmp(unit, "tokens") != 0 && strcmp(unit, "cost") != 0)) {
        return 0;
    }
    return day < muse_budget_today() ||
           muse_budget_restore(file->region, line + at,
                               *unit == 'c' ? MUSE_BUDGET_COST : MUSE_BUDGET_TOKENS, day, limit,
                               used) == MUSE_OK;
}

/* The file's text, to be freed; NULL: there is none, or it can't be read (errno). */
static char *read_file(int folder)
{
    const int fd = openat(folder, NAME, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    char *text = fd < 0 ? NULL : calloc(1, BYTES_MOST + 1);
    size_t length = 0;
    ssize_t n = 1;

    while (text && n > 0 && length < BYTES_MOST) {
        n = read(fd, text + length, BYTES_MOST - length);
        length += n > 0 ? (size_t)n : 0;
    }
    if (fd >= 0) {
        close(fd);
    }
    return text;
}

static int is_ours(const muse_budget_file *file, const char *text)
{
    const size_t head = strlen(HEAD);
    const size_t owner = strlen(file->owner);

    return !strncmp(text, HEAD, head) && !strncmp(text + head, file->owner, owner) &&
           text[head + owner] == '\n';
}

static void take_all(const muse_budget_file *file, char *text)
{
    char *rest = NULL;
    const char *line = strtok_r(text, "\n", &rest);
    int bad = !line || strncmp(line, HEAD, strlen(HEAD)) != 0;

    while (!bad && (line = strtok_r(NULL, "\n", &rest)) != NULL) {
        bad = !take_line(file, line);
    }
    if (bad) {
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, file->server,
                     "MUSE0099: %s/" NAME " is not understood, so that budgets may count less than "
                     "was used today; it is written anew",
                     file->folder);
    }
}

/* ---- writing it ---- */

/* 0, or -1 with errno. */
static int replace(int folder, const muse_text *text)
{
    const int fd =
        openat(folder, NEW_NAME, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    int ok = fd >= 0;
    int error;

    errno = text->failed ? ENOMEM : errno;
    ok = ok && !text->failed;
    if (ok) {
        const ssize_t n = write(fd, text->bytes, text->length);

        errno = n >= 0 && (size_t)n < text->length ? ENOSPC : errno;
        ok = n >= 0 && (size_t)n == text->length && fsync(fd) == 0;
    }
    error = errno;
    if (fd >= 0) {
        close(fd);
    }
    errno = error;
    return ok && renameat(folder, NEW_NAME, folder, NAME) == 0 && fsync(folder) == 0 ? 0 : -1;
}

/* The folder, locked against other supervisors; -1 with errno. */
static int lock(const muse_budget_file *file)
{
    const int fd = open(file->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0 && flock(fd, LOCK_EX) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static void say(muse_budget_file *file, int failed)
{
    const int error = errno;

    if (failed && !file->failing) {
        ap_log_error(
            APLOG_MARK, APLOG_ERR, error, file->server,
            "MUSE0097: %s/" NAME " can't be written; budgets are kept all the same, but "
            "not over a stop of httpd: look at the folder, at what is left of the disk, and "
            "whether another httpd has the same MuseAiStateDir",
            file->folder);
    } else if (!failed && file->failing) {
        ap_log_error(APLOG_MARK, APLOG_NOTICE, 0, file->server,
                     "MUSE0098: %s/" NAME " is written again", file->folder);
    }
    file->failing = failed;
}

static int is_written(const muse_budget_file *file, const muse_text *text)
{
    return file->written.bytes && text->bytes && !strcmp(file->written.bytes, text->bytes);
}

/* Under the lock, so that what is written last is what was so last. */
static void write_now(muse_budget_file *file, int folder)
{
    muse_text text;
    size_t count;

    render(file, &text, &count);
    if (replace(folder, &text) != 0) {
        say(file, 1);
        muse_text_free(&text);
        return;
    }
    say(file, 0);
    muse_text_free(&file->written);
    file->written = text;
}

void muse_budget_file_save(muse_budget_file *file, int now)
{
    const uint64_t clock = muse_clock_ms();
    muse_text text;
    size_t count;
    int due;

    if (!file->folder || file->left || (!now && clock < file->next)) {
        return;
    }
    file->next = clock + MUSE_BUDGET_FILE_EVERY;
    render(file, &text, &count);
    due = count && !is_written(file, &text);
    muse_text_free(&text);
    if (due) {
        const int folder = lock(file);
        char *found = folder < 0 ? NULL : read_file(folder);

        file->left = found && file->written.bytes && !is_ours(file, found);
        free(found);
        if (folder < 0) {
            say(file, 1);
        } else if (!file->left) {
            write_now(file, folder);
        } else if (!file->leaving) {
            errno = EBUSY;
            say(file, 1);
        }
        if (folder >= 0) {
            close(folder);
        }
    }
}

void muse_budget_file_open(muse_budget_file *file, server_rec *s, muse_region *region,
                           const char *folder)
{
    char *found;
    int fd;

    *file = (muse_budget_file){.server = s, .region = region, .folder = folder};
    apr_snprintf(file->owner, sizeof file->owner, "%" APR_PID_T_FMT ".%" PRIu64, getppid(),
                 muse_region_made_at(region));
    if (!folder) {
        return;
    }
    fd = lock(file);
    if (fd < 0) {
        say(file, 1);
        return;
    }
    found = read_file(fd);
    if (found && !is_ours(file, found)) {
        take_all(file, found);
        write_now(file, fd);
    } else if (!found && errno != ENOENT) {
        say(file, 1);
    }
    free(found);
    close(fd);
}
