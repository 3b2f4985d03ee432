/* Open-loop HTTP load on one thread: requests fall due at a constant rate, whatever the server does.
 *
 * arrivals [-H HEADER]... [-m STRING] [-t TICK_US]
 *          HOST PORT PATH BODIES FIRST CONNECTIONS REUSE PATIENCE_S GRACE_S RECORDS RATE:SECONDS...
 *
 * POSTs the lines of BODIES one after the other, from line FIRST on. A request that falls due while
 * all connections are busy waits here, and that wait is part of its latency: a server that stalls
 * cannot hide it by keeping the client from sending. One that has waited for PATIENCE_S (0: for ever)
 * is given up, never sent. On SIGTERM nothing more falls due, and what is under way is waited for.
 *
 * Each request has the HEADERs ("name: value") too. Writes one `struct record` per request, in the
 * order in which they fell due, to RECORDS: `matched` is whether the answer's body held STRING.
 * With TICK_US it sleeps for so long between two looks at what is due and what has come: on a machine
 * that it shares with the server, to be woken by each answer costs either of them as much again.
 * Prints when the first one fell due (CLOCK_MONOTONIC), how often a connection could not be opened,
 * and the processor time that all of it took.
 */
#define _GNU_SOURCE
#include "client.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

enum { FIELD = 512, GIVE_UP_US = 5000 /* how exactly patience is kept */ };

struct record { /* in microseconds, latency from due; status 0: no whole answer came */
    uint32_t due, waited, latency;
    uint16_t status, matched;
};

static struct record *records;
static struct request *requests;
static size_t request_count;
static int64_t origin;
static char headers[FIELD];
static useconds_t tick;
static volatile sig_atomic_t told_to_end;

static void answer(size_t number, uint16_t status, int matched) {
    records[number].latency = (uint32_t)(now_us() - origin - records[number].due);
    records[number].status = status;
    records[number].matched = (uint16_t)matched;
}

static void end_early(int signal) {
    (void)signal;
    told_to_end = 1;
}

static int read_options(int argc, char **argv) {
    size_t used = 0;
    for (int option; (option = getopt(argc, argv, "+H:m:t:")) != -1;) {
        if (option == 'm') {
            client_look_for(optarg);
        } else if (option == 't') {
            tick = (useconds_t)strtoul(optarg, NULL, 10);
        } else if (option == 'H') {
            used += (size_t)snprintf(headers + used, sizeof headers - used, "%s\r\n", optarg);
            if (used >= sizeof headers) fail("the headers are too long");
        } else {
            return 0;
        }
    }
    return 1;
}

/* A connection takes one, and the soft limit is often 1,024. */
static void raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit)) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static void read_bodies(const char *path, const char *host, const char *port, const char *target) {
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t space = 0, room = 0;
    ssize_t length;
    if (!file) fail(path);
    while ((length = getline(&line, &space, file)) > 0) {
        if (line[length - 1] == '\n') length--;
        if (request_count == room) {
            room = room ? room * 2 : 1024;
            requests = realloc(requests, room * sizeof *requests);
            if (!requests) fail("realloc");
        }
        struct request *request = &requests[request_count++];
        request->data = malloc((size_t)length + 2 * FIELD);
        if (!request->data) fail("malloc");
        int head = snprintf(request->data, 2 * FIELD,
                            "POST %s HTTP/1.1\r\nhost: %s:%s\r\ncontent-type: application/json\r\n"
                            "%scontent-length: %zd\r\n\r\n", target, host, port, headers, length);
        memcpy(request->data + head, line, (size_t)length);
        request->length = (size_t)head + (size_t)length;
    }
    free(line);
    fclose(file);
}

static size_t schedule(char **steps, int count) {
    size_t total = 0;
    double start = 0, rate, seconds;
    for (int i = 0; i < count; i++) {
        if (sscanf(steps[i], "%lf:%lf", &rate, &seconds) != 2) return 0;
        size_t more = (size_t)(rate * seconds);
        records = realloc(records, (total + more + 1) * sizeof *records);
        if (!records) fail("realloc");
        for (size_t k = 0; k < more; k++)
            records[total++] = (struct record){.due = (uint32_t)((start + (double)k / rate) * 1e6)};
        start += seconds;
    }
    return total;
}

int main(int argc, char **argv) {
    if (!read_options(argc, argv) || argc - optind < 11) {
        fputs("arrivals [-H HEADER]... [-m STRING] [-t TICK_US] HOST PORT PATH BODIES FIRST "
              "CONNECTIONS REUSE PATIENCE_S GRACE_S RECORDS RATE:SECONDS...\n", stderr);
        return 2;
    }
    argc -= optind - 1;
    argv += optind - 1;
    size_t first = strtoul(argv[5], NULL, 10), due = 0, sent = 0, total = schedule(argv + 11, argc - 11);
    int64_t patience = (int64_t)(atof(argv[8]) * 1e6), grace = (int64_t)(atof(argv[9]) * 1e6);
    read_bodies(argv[4], argv[1], argv[2], argv[3]);
    if (!total || !request_count) return 2;
    raise_descriptor_limit();
    prctl(PR_SET_TIMERSLACK, 1);
    signal(SIGTERM, end_early);
    client_open(argv[1], argv[2], strtoul(argv[6], NULL, 10), strtoul(argv[7], NULL, 10), answer);

    int64_t now, end = (int64_t)records[total - 1].due + grace;
    origin = now_us();
    while ((now = now_us() - origin) < end && (sent < total || client_busy())) {
        while (due < total && records[due].due <= now) due++;
        if (told_to_end && total > due) {
            total = due;
            end = now + grace;
            continue; /* perhaps nothing is left to wait for */
        }
        for (; patience && sent < due && now - records[sent].due > patience; sent++)
            records[sent].waited = records[sent].latency = (uint32_t)(now - records[sent].due);
        for (; sent < due && client_has_idle(); sent++) {
            records[sent].waited = (uint32_t)(now_us() - origin - records[sent].due);
            client_send(&requests[(first + sent) % request_count], sent);
        }
        /* Without a connection to send on, only an answer or the end of patience matters; to look at
         * each request that falls due would cost more than to send it. */
        int64_t next = due < total ? records[due].due : end;
        if (!client_has_idle()) next = patience && sent < total ? now + GIVE_UP_US : end;
        if (tick) usleep(tick);
        client_wait(tick ? 0 : next - (now_us() - origin));
    }
    for (size_t i = 0; i < total; i++) {
        uint32_t so_far = (uint32_t)(now - records[i].due);
        if (!records[i].latency) records[i].latency = so_far;
        if (i >= sent) records[i].waited = so_far;
    }
    FILE *out = fopen(argv[10], "wb");
    if (!out || fwrite(records, sizeof *records, total, out) != total || fclose(out)) fail(argv[10]);
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    printf("{\"origin_us\": %lld, \"connect_failures\": %lu, \"cpu_us\": %lld}\n",
           (long long)origin, client_connect_failures(),
           (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000LL + used.ru_utime.tv_usec +
               used.ru_stime.tv_usec);
    return 0;
}
