/* A model's server that costs next to nothing: it reads a request by its content-length and
 * answers the same small document, over epoll, in one process. For firewall_cost.py.
 * usage: firewall_upstream PORT   (prints the port it listens at; 0 takes a free one) */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static const char BODY[] =
    "{\"model_name\":\"m\",\"outputs\":[{\"name\":\"s\",\"shape\":[1,2],\"datatype\":\"FP32\","
    "\"data\":[0.25,0.75]}]}";

struct peer { int fd; size_t have, need; char head[16384]; };

static char answer[1024];
static size_t answer_length;

static void drop(struct peer *p) { close(p->fd); free(p); }

static void serve(struct peer *p) {
    static char bytes[262144];
    ssize_t n = recv(p->fd, bytes, sizeof bytes, 0);
    if (n <= 0) { drop(p); return; }
    size_t at = 0;
    while (at < (size_t)n) {
        if (p->need) {
            size_t take = (size_t)n - at < p->need ? (size_t)n - at : p->need;
            at += take;
            p->need -= take;
        } else {
            if (p->have == sizeof p->head - 1) { drop(p); return; }
            p->head[p->have++] = bytes[at++];
            if (p->have < 4 || memcmp(p->head + p->have - 4, "\r\n\r\n", 4)) continue;
            p->head[p->have] = 0;
            char *length = strcasestr(p->head, "content-length:");
            p->need = length ? strtoul(length + 15, 0, 10) : 0;
            p->have = 0;
        }
        if (!p->need && !p->have && send(p->fd, answer, answer_length, MSG_NOSIGNAL) < 0) {
            drop(p);
            return;
        }
    }
}

int main(int argc, char **argv) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    at.sin_port = htons(argc > 1 ? atoi(argv[1]) : 0);
    int one = 1, listening = socket(AF_INET, SOCK_STREAM, 0), all = epoll_create1(0);
    setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listening, (struct sockaddr *)&at, sizeof at) || listen(listening, 1024)) return 1;
    socklen_t size = sizeof at;
    getsockname(listening, (struct sockaddr *)&at, &size);
    answer_length = snprintf(answer, sizeof answer,
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %zu\r\n\r\n%s",
        sizeof BODY - 1, BODY);
    printf("%d\n", ntohs(at.sin_port));
    fflush(stdout);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = 0}, events[256];
    epoll_ctl(all, EPOLL_CTL_ADD, listening, &event);
    for (;;) {
        int n = epoll_wait(all, events, 256, -1);
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr) { serve(events[i].data.ptr); continue; }
            int fd = accept(listening, 0, 0);
            if (fd < 0) continue;
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
            struct peer *p = calloc(1, sizeof *p);
            p->fd = fd;
            event.events = EPOLLIN;
            event.data.ptr = p;
            epoll_ctl(all, EPOLL_CTL_ADD, fd, &event);
        }
    }
}
