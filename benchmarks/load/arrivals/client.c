#define _GNU_SOURCE
#include "client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { HEAD = 16384, RETRY_US = 100000, EVENTS = 256, AT_ONCE = 256 /* a listen queue holds more */ };
enum state { CLOSED, CONNECTING, IDLE, BUSY };

struct connection {
    int fd;
    enum state state;
    int64_t retry_at;
    size_t number;
    const char *out;
    size_t unsent;
    char head[HEAD + 1];
    size_t head_length;
    int in_body, last;
    size_t carried;
    uint16_t status;
    size_t body_left;
    size_t alike; /* how much of the string the body read so far ends with; all of it: found */
};

static struct sockaddr_in server;
static struct connection *connections;
static size_t *idle, idle_head, idle_count, connection_count, busy, closed; /* idle is a ring */
static size_t most;
static unsigned long connect_failures;
static int epoll;
static answered report;
static const char *sought;
static size_t sought_length, *border; /* of each beginning: its longest end that begins it, too */

void fail(const char *what) {
    perror(what);
    exit(2);
}

int64_t now_us(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (int64_t)at.tv_sec * 1000000 + at.tv_nsec / 1000;
}

static void watch(struct connection *c, int operation, uint32_t events) {
    struct epoll_event event = {.events = events, .data.ptr = c};
    if (epoll_ctl(epoll, operation, c->fd, &event)) fail("epoll_ctl");
}

static void make_idle(struct connection *c) {
    c->state = IDLE;
    idle[(idle_head + idle_count++) % connection_count] = (size_t)(c - connections);
}

static void forget_idle(const struct connection *c) {
    size_t kept = 0;
    for (size_t i = 0; i < idle_count; i++) {
        size_t place = idle[(idle_head + i) % connection_count];
        if (&connections[place] != c) idle[(idle_head + kept++) % connection_count] = place;
    }
    idle_count = kept;
}

static void close_connection(struct connection *c, int64_t retry_at) {
    close(c->fd);
    c->state = CLOSED;
    c->retry_at = retry_at;
    closed++;
}

static void open_connection(struct connection *c) {
    int yes = 1;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (c->fd < 0) fail("socket");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    if (connect(c->fd, (struct sockaddr *)&server, sizeof server) && errno != EINPROGRESS) {
        connect_failures++;
        close_connection(c, now_us() + RETRY_US);
        return;
    }
    c->state = CONNECTING;
    watch(c, EPOLL_CTL_ADD, EPOLLIN | EPOLLOUT);
}

static void finish(struct connection *c, uint16_t status) {
    busy--;
    report(c->number, status, sought && c->alike == sought_length);
}

static void drop(struct connection *c) {
    int64_t retry_at = now_us();
    if (c->state == CONNECTING) {
        connect_failures++;
        retry_at += RETRY_US;
    }
    if (c->state == IDLE) forget_idle(c);
    if (c->state == BUSY) finish(c, 0);
    close_connection(c, retry_at);
}

static void push(struct connection *c) {
    while (c->unsent) {
        ssize_t sent = send(c->fd, c->out, c->unsent, MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno == EAGAIN) watch(c, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
            else drop(c);
            return;
        }
        c->out += sent;
        c->unsent -= (size_t)sent;
    }
}

void client_send(const struct request *request, size_t number) {
    struct connection *c = &connections[idle[idle_head]];
    idle_head = (idle_head + 1) % connection_count;
    idle_count--;
    busy++;
    c->state = BUSY;
    c->number = number;
    c->out = request->data;
    c->unsent = request->length;
    c->head_length = 0;
    c->in_body = 0;
    c->alike = 0;
    push(c);
}

/* Once the whole head is there, reads status and length; gives how much of the body came with it.
 * An answer without a content-length (chunked) is not understood: none of the servers sends one. */
static size_t read_head(struct connection *c) {
    c->head[c->head_length] = 0;
    char *end = strstr(c->head, "\r\n\r\n");
    if (!end) return 0;
    *end = 0;
    const char *length = strcasestr(c->head, "\r\ncontent-length:");
    if (!length) {
        fprintf(stderr, "an answer has no content-length: %s\n", c->head);
        exit(1);
    }
    c->status = (uint16_t)strtoul(c->head + strcspn(c->head, " "), NULL, 10);
    c->body_left = strtoul(strchr(length, ':') + 1, NULL, 10);
    c->last = strcasestr(c->head, "\r\nconnection: close") != NULL;
    c->in_body = 1;
    return c->head_length - (size_t)(end + 4 - c->head);
}

/* By Knuth, Morris and Pratt: no byte is kept, wherever a read ends. */
static void look_in(struct connection *c, const char *body, size_t length) {
    size_t alike = c->alike;
    for (size_t i = 0; i < length && alike < sought_length; i++) {
        while (alike && body[i] != sought[alike]) alike = border[alike];
        if (body[i] == sought[alike]) alike++;
    }
    c->alike = alike;
}

static void take_body(struct connection *c, const char *body, size_t length) {
    if (length > c->body_left) length = c->body_left;
    if (sought) look_in(c, body, length);
    c->body_left -= length;
    if (c->body_left) return;
    finish(c, c->status);
    if (c->last || (most && ++c->carried >= most)) {
        c->carried = 0;
        close_connection(c, 0);
    } else {
        make_idle(c);
    }
}

static void receive(struct connection *c) {
    static char scrap[1 << 16];
    while (c->state == BUSY) {
        char *into = c->in_body ? scrap : c->head + c->head_length;
        size_t room = c->in_body ? sizeof scrap : HEAD - c->head_length;
        ssize_t got = room ? recv(c->fd, into, room, 0) : 0;
        if (got < 0 && errno == EAGAIN) return;
        if (got <= 0) {
            drop(c);
        } else if (c->in_body) {
            take_body(c, scrap, (size_t)got);
        } else {
            c->head_length += (size_t)got;
            size_t extra = read_head(c);
            if (c->in_body) take_body(c, c->head + c->head_length - extra, extra);
        }
    }
}

static void handle(struct connection *c, uint32_t events) {
    int error = 0;
    socklen_t size = sizeof error;
    switch (c->state) {
    case CLOSED:
        break;
    case CONNECTING:
        getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error || events & (EPOLLERR | EPOLLHUP)) {
            drop(c);
        } else if (events & EPOLLOUT) {
            watch(c, EPOLL_CTL_MOD, EPOLLIN);
            make_idle(c);
        }
        break;
    case IDLE: /* the server closed it */
        drop(c);
        break;
    case BUSY:
        if (events & EPOLLOUT) {
            watch(c, EPOLL_CTL_MOD, EPOLLIN);
            push(c);
        }
        if (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) receive(c);
    }
}

void client_wait(int64_t us) {
    struct epoll_event events[EVENTS];
    struct pollfd any = {.fd = epoll, .events = POLLIN};
    if (closed) {
        int64_t now = now_us();
        if (us > RETRY_US) us = RETRY_US;
        for (size_t i = 0, opened = 0; i < connection_count && opened < AT_ONCE; i++)
            if (connections[i].state == CLOSED && connections[i].retry_at <= now) {
                opened++;
                closed--;
                open_connection(&connections[i]);
            }
    }
    /* epoll_wait counts in milliseconds, which is longer than some servers take. */
    struct timespec longest = {us / 1000000, us % 1000000 * 1000};
    if (us > 0 && ppoll(&any, 1, &longest, NULL) <= 0) return;
    int count = epoll_wait(epoll, events, EVENTS, 0);
    for (int i = 0; i < count; i++) handle(events[i].data.ptr, events[i].events);
}

void client_look_for(const char *string) {
    sought = string;
    sought_length = strlen(string);
    border = calloc(sought_length + 1, sizeof *border);
    if (!sought_length || !border) fail("client_look_for");
    for (size_t i = 1, alike = 0; i < sought_length; border[++i] = alike) {
        while (alike && sought[i] != sought[alike]) alike = border[alike];
        if (sought[i] == sought[alike]) alike++;
    }
}

static void wait_for_idle(size_t count) {
    for (int tries = 0; tries < 100 && idle_count < count; tries++) client_wait(10000);
}

void client_open(const char *host, const char *port, size_t count, size_t reuse,
                 answered on_answer) {
    server = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    if (inet_pton(AF_INET, host, &server.sin_addr) != 1) fail(host);
    report = on_answer;
    most = reuse;
    connection_count = count;
    epoll = epoll_create1(0);
    connections = calloc(count, sizeof *connections);
    idle = calloc(count, sizeof *idle);
    if (epoll < 0 || !connections || !idle) fail("client_open");
    for (size_t i = 0; i < count; i++) {
        if (reuse) connections[i].carried = i % reuse; /* so that not all end at once */
        open_connection(&connections[i]);
        if (i % AT_ONCE == AT_ONCE - 1) wait_for_idle(i + 1);
    }
    wait_for_idle(count);
}

int client_has_idle(void) { return idle_count > 0; }
size_t client_busy(void) { return busy; }
unsigned long client_connect_failures(void) { return connect_failures; }
