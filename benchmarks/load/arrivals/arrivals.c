/* Open-loop HTTP load on one thread: requests fall due at a constant rate, whatever the server does.
 *
 * arrivals HOST PORT PATH BODIES FIRST CONNECTIONS REUSE PATIENCE_S GRACE_S RECORDS RATE:SECONDS...
 *
 * POSTs the lines of BODIES one after the other, from line FIRST on. A request that falls due while
 * all connections are busy waits here, and that wait is part of its latency: a server that stalls
 * cannot hide it by keeping the client from sending. One that has waited for PATIENCE_S (0: for ever)
 * is given up, never sent. Writes one `struct record` per request, in the
 * order in which they fell due, to RECORDS, and prints how often a connection could not be opened.
 */
#define _GNU_SOURCE
#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

enum { FIELD = 512, GIVE_UP_US = 5000 /* how exactly patience is kept */ };

struct record { /* in microseconds, latency from due; status 0: no whole answer came */
    uint32_t due, waited, latency, status;
};

static struct record *records;
static struct request *requests;
static size_t request_count;
static int64_t origin;

static void answer(size_t number, uint32_t status) {
    records[number].latency = (uint32_t)(now_us() - origin - records[number].due);
    records[number].status = status;
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
        request->data = malloc((size_t)length + FIELD);
        if (!request->data) fail("malloc");
        int head = snprintf(request->data, FIELD,
                            "POST %s HTTP/1.1\r\nhost: %s:%s\r\ncontent-type: application/json\r\n"
                            "content-length: %zd\r\n\r\n", target, host, port, length);
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
    if (argc < 12) {
        fputs("arrivals HOST PORT PATH BODIES FIRST CONNECTIONS REUSE PATIENCE_S GRACE_S RECORDS "
              "RATE:SECONDS...\n", stderr);
        return 2;
    }
    size_t first = strtoul(argv[5], NULL, 10), due = 0, sent = 0, total = schedule(argv + 11, argc - 11);
    int64_t patience = (int64_t)(atof(argv[8]) * 1e6), grace = (int64_t)(atof(argv[9]) * 1e6);
    read_bodies(argv[4], argv[1], argv[2], argv[3]);
    if (!total || !request_count) return 2;
    prctl(PR_SET_TIMERSLACK, 1);
    client_open(argv[1], argv[2], strtoul(argv[6], NULL, 10), strtoul(argv[7], NULL, 10), answer);

    int64_t now, end = (int64_t)records[total - 1].due + grace;
    origin = now_us();
    while ((now = now_us() - origin) < end && (sent < total || client_busy())) {
        while (due < total && records[due].due <= now) due++;
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
        client_wait(next - (now_us() - origin));
    }
    for (size_t i = 0; i < total; i++) {
        uint32_t so_far = (uint32_t)(now - records[i].due);
        if (!records[i].latency) records[i].latency = so_far;
        if (i >= sent) records[i].waited = so_far;
    }
    FILE *out = fopen(argv[10], "wb");
    if (!out || fwrite(records, sizeof *records, total, out) != total || fclose(out)) fail(argv[10]);
    printf("{\"connect_failures\": %lu}\n", client_connect_failures());
    return 0;
}
