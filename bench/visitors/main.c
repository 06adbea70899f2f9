/*
 * Thousands of visitors of a web server on this machine, in one process and one thread.
 *
 *   visitors PORT REQUEST EXPECTED [option=N…]
 *
 * REQUEST is a file with the request as it is sent, EXPECTED one with the body that has to come
 * (see answer.h). In both a run of '@' stands for the visitor's number.
 *
 *   visitors=N   how many at the same time (1)
 *   rate=N       how many arrive in a second; 0: all at once (0)
 *   first=N      the number of the first visitor (1)
 *   seconds=N    when to stop at the latest (60)
 *   loop=1       a visitor whose page is there comes again with a new number, until the time is up
 *   scan=1       looks for tokens only
 *   delays=1     prints the delay of each stamp
 *
 * Prints a line for each page, all times in nanoseconds of CLOCK_MONOTONIC, and at the end what
 * this process itself has used:
 *
 *   page ID VERDICT STATUS BEGUN SENT FIRST END BYTES [DELAY…]
 *   used MICROSECONDS
 *
 * SIGTERM stops it as the end of its time does.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "answer.h"

#define SECOND 1000000000ULL

enum { EVENTS_MAX = 512, READ_SIZE = 65536, REQUEST_MAX = 16384 };

static struct {
    const char *name;
    unsigned value;
} options[] = {{"visitors", 1}, {"rate", 0}, {"first", 1}, {"seconds", 60},
               {"loop", 0},     {"scan", 0}, {"delays", 0}};
enum { VISITORS, RATE, FIRST, SECONDS, LOOP, SCAN, DELAYS, OPTIONS };

struct visitor {
    int fd;
    bool sent;
    /* The connection has carried an answer before. */
    bool reused;
    uint64_t begun;
    uint64_t asked;
    struct answer answer;
};

static struct sockaddr_in server;
static const char *request;
static size_t request_len;
static struct expected expected;
static int poll_fd;
static unsigned next_id;
/* How many of the visitors have a page to come. */
static unsigned waiting;
static volatile sig_atomic_t stopped;

static void fail(const char *what)
{
    fprintf(stderr, "visitors: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * SECOND + (uint64_t)now.tv_nsec;
}

static void stop(int signal)
{
    (void)signal;
    stopped = 1;
}

static const char *read_file(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rb");
    char *text = malloc(READ_SIZE);

    if (!file || !text) {
        fail(path);
    }
    *len = fread(text, 1, READ_SIZE, file);
    if (ferror(file) || *len == READ_SIZE) {
        fail(path);
    }
    fclose(file);
    return text;
}

static void print_page(const struct visitor *visitor)
{
    static const char *const verdicts[] = {"unfinished", "right", "wrong", "cut"};
    const struct answer *answer = &visitor->answer;

    printf("page %u %s %d %llu %llu %llu %llu %zu", answer->id, verdicts[answer->verdict],
           answer->status, (unsigned long long)visitor->begun, (unsigned long long)visitor->asked,
           (unsigned long long)answer->first, (unsigned long long)answer->end, answer->body_len);
    for (size_t i = 0; options[DELAYS].value && i < answer->delays_len; i++) {
        printf(" %u", answer->delays[i]);
    }
    putchar('\n');
}

static void leave(struct visitor *visitor)
{
    if (visitor->fd >= 0) {
        close(visitor->fd);
    }
    visitor->fd = -1;
}

static void send_request(struct visitor *visitor)
{
    char bytes[REQUEST_MAX];

    for (size_t i = 0; i < request_len; i++) {
        bytes[i] = request[i] == '@'
                       ? answer_digit(request, request_len, i, '@', visitor->answer.id)
                       : request[i];
    }
    /* Far less than a socket's buffer: it goes at once, or there is no connection. */
    visitor->asked = now_ns();
    visitor->sent = send(visitor->fd, bytes, request_len, MSG_NOSIGNAL) == (ssize_t)request_len;
}

static void open_connection(struct visitor *visitor)
{
    struct epoll_event event = {.events = EPOLLOUT, .data.ptr = visitor};
    const int on = 1;

    visitor->sent = false;
    visitor->reused = false;
    visitor->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (visitor->fd < 0) {
        fail("can't open a socket");
    }
    setsockopt(visitor->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (connect(visitor->fd, (struct sockaddr *)&server, sizeof(server)) < 0 &&
        errno != EINPROGRESS) {
        fail("can't connect");
    }
    epoll_ctl(poll_fd, EPOLL_CTL_ADD, visitor->fd, &event);
}

/* A visitor with a new number asks: on the connection that it has, or on a new one. */
static void begin(struct visitor *visitor)
{
    answer_begin(&visitor->answer, next_id++);
    visitor->begun = now_ns();
    if (visitor->fd >= 0) {
        visitor->reused = true;
        send_request(visitor);
    } else {
        open_connection(visitor);
    }
}

/* The server may close a connection that it kept open just when it is asked again. That is no
 * fault: one asks again (RFC 9112, section 9.3.1). */
static void ask_again(struct visitor *visitor)
{
    leave(visitor);
    open_connection(visitor);
}

/* The page is over, whole or not. */
static void end(struct visitor *visitor)
{
    print_page(visitor);
    if (!visitor->answer.keep || visitor->answer.verdict != ANSWER_RIGHT || !options[LOOP].value) {
        leave(visitor);
    }
    if (options[LOOP].value) {
        begin(visitor);
    } else {
        waiting--;
    }
}

static void handle(struct visitor *visitor, unsigned events)
{
    static char bytes[READ_SIZE];
    ssize_t len;

    if (!visitor->sent && (events & EPOLLOUT)) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = visitor};

        send_request(visitor);
        epoll_ctl(poll_fd, EPOLL_CTL_MOD, visitor->fd, &event);
    }
    if (!(events & (EPOLLIN | EPOLLERR | EPOLLHUP))) {
        return;
    }
    len = recv(visitor->fd, bytes, sizeof(bytes), 0);
    if (len < 0 && errno == EAGAIN) {
        return;
    }
    if (len > 0) {
        answer_take(&visitor->answer, bytes, (size_t)len, now_ns());
    } else if (visitor->reused && visitor->answer.head_len == 0) {
        ask_again(visitor);
    } else {
        answer_close(&visitor->answer, now_ns());
    }
    if (visitor->answer.verdict != ANSWER_UNFINISHED) {
        end(visitor);
    }
}

static void run(struct visitor *visitors)
{
    const uint64_t start = now_ns();
    const uint64_t over = start + options[SECONDS].value * SECOND;
    const unsigned count = options[VISITORS].value;
    const unsigned rate = options[RATE].value;
    unsigned arrived = 0;

    waiting = count;
    while (waiting > 0 && !stopped && now_ns() < over) {
        struct epoll_event events[EVENTS_MAX];
        int len;

        while (arrived < count && (rate == 0 || start + arrived * SECOND / rate <= now_ns())) {
            begin(&visitors[arrived++]);
        }
        len = epoll_wait(poll_fd, events, EVENTS_MAX, arrived < count ? 1 : 100);
        for (int i = 0; i < len; i++) {
            handle(events[i].data.ptr, events[i].events);
        }
    }
    /* Whoever has not even arrived is told too. In a loop, pages under way are neither good nor
     * bad. */
    for (unsigned i = 0; i < count && !options[LOOP].value; i++) {
        if (i >= arrived) {
            visitors[i].answer.id = next_id++;
        }
        if (visitors[i].answer.verdict == ANSWER_UNFINISHED) {
            print_page(&visitors[i]);
        }
    }
}

static void read_options(int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        size_t len = strcspn(argv[i], "=");
        int at = 0;

        while (at < OPTIONS &&
               (strncmp(options[at].name, argv[i], len) != 0 || options[at].name[len] != '\0')) {
            at++;
        }
        if (at == OPTIONS || argv[i][len] != '=') {
            fprintf(stderr, "visitors: there is no option %s\n", argv[i]);
            exit(2);
        }
        options[at].value = (unsigned)strtoul(argv[i] + len + 1, NULL, 10);
    }
}

static struct visitor *make_visitors(unsigned count)
{
    struct visitor *visitors = calloc(count, sizeof(*visitors));

    for (unsigned i = 0; visitors && i < count; i++) {
        visitors[i].fd = -1;
        visitors[i].answer.expected = &expected;
        visitors[i].answer.delays = calloc(expected.stamps + 1, sizeof(uint32_t));
        if (!visitors[i].answer.delays) {
            visitors = NULL;
        }
    }
    if (!visitors) {
        fail("no memory");
    }
    return visitors;
}

int main(int argc, char **argv)
{
    struct sigaction action = {.sa_handler = stop};
    struct rusage used;

    if (argc < 4) {
        fprintf(stderr, "visitors PORT REQUEST EXPECTED [option=N...]\n");
        return 2;
    }
    /* Without whoever wants to know what the visitors saw there is nothing to do. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigaction(SIGTERM, &action, NULL);
    read_options(argc - 4, argv + 4);
    server.sin_family = AF_INET;
    server.sin_port = htons((uint16_t)atoi(argv[1]));
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    request = read_file(argv[2], &request_len);
    expected.text = read_file(argv[3], &expected.len);
    expected.scan = options[SCAN].value != 0;
    for (size_t i = 0; i < expected.len; i++) {
        bool last = i + 1 == expected.len || expected.text[i + 1] != '#';
        expected.stamps += expected.text[i] == '#' && last;
    }
    if (request_len > REQUEST_MAX) {
        errno = EMSGSIZE;
        fail(argv[2]);
    }
    next_id = options[FIRST].value;
    poll_fd = epoll_create1(EPOLL_CLOEXEC);
    run(make_visitors(options[VISITORS].value));
    getrusage(RUSAGE_SELF, &used);
    printf("used %lld\n", (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000LL +
                              used.ru_utime.tv_usec + used.ru_stime.tv_usec);
    return 0;
}
