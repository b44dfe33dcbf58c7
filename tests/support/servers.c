/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A server is a child process with its output in a log file. It is up when it has answered a
 * request; a child that ends before that has lost its port to somebody else, and is tried again on
 * another one.
 */
#include "servers.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "temp.h"

#define START_TIMEOUT_MS 20000
#define POLL_MS          5
#define ATTEMPTS         4 /* on TCP */
#define MAX_ARGUMENTS    64

struct server {
    server *next;
    server_kind kind;
    pid_t pid;
    pid_t owner; /* the process that started it: a forked child leaves it alone */
    int port;
    const char *dir;
    char socket[108];
    char address[128];
    char setting[160];
    char port_text[16];
    char *argv[MAX_ARGUMENTS];
};

static struct {
    pthread_mutex_t lock; /* guards the list */
    server *first;
    bool registered;
} servers = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void show_log(const server *one)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/log", one->dir);
    FILE *log = fopen(path, "re");
    if (log == NULL)
        return;
    char line[1024];
    while (fgets(line, sizeof(line), log) != NULL)
        printf("# | %s%s", line, strchr(line, '\n') == NULL ? "\n" : "");
    fclose(log);
}

__attribute__((noreturn, format(printf, 2, 3))) static void die(const server *one,
                                                                const char *format, ...)
{
    if (one != NULL)
        show_log(one);
    va_list arguments;
    va_start(arguments, format);
    printf("Bail out! ");
    vprintf(format, arguments);
    printf("\n");
    va_end(arguments);
    exit(1);
}

static void sleep_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

static void kill_all(void)
{
    for (server *one = servers.first; one != NULL; one = one->next)
        if (one->owner == getpid())
            server_kill(one);
}

/* ---- connections ----------------------------------------------------------------------------- */

const char *server_host_name(void)
{
    struct addrinfo *found;
    if (getaddrinfo("localhost", NULL, NULL, &found) != 0)
        return "127.1";
    freeaddrinfo(found);
    return "localhost";
}

int server_try_connect(const server *one)
{
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    struct sockaddr_in loopback = {.sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                   .sin_port = htons((uint16_t)one->port)};
    bool tcp = one->port != 0;
    memcpy(local.sun_path, one->socket, sizeof(one->socket));
    int fd = socket(tcp ? AF_INET : AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    struct timeval timeout = {.tv_sec = 10};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
    const struct sockaddr *address = tcp ? (void *)&loopback : (void *)&local;
    if (connect(fd, address, tcp ? sizeof(loopback) : sizeof(local)) == 0)
        return fd;
    close(fd);
    return -1;
}

int server_connect(const server *one)
{
    int fd = server_try_connect(one);
    if (fd < 0)
        die(one, "cannot connect to %s: %s", one->address, strerror(errno));
    return fd;
}

/* Whether it answers. Three commands, because a memcached that wants SASL reads headers of 24 bytes
 * and then hangs up, which is an answer too. */
static bool answers(const server *one)
{
    int fd = server_try_connect(one);
    if (fd < 0)
        return false;
    const char *request =
        one->kind == SERVER_REDIS ? "PING\r\n" : "version\r\nversion\r\nversion\r\n";
    char reply[256] = "";
    ssize_t size = -1;
    if (send(fd, request, strlen(request), MSG_NOSIGNAL) == (ssize_t)strlen(request))
        size = recv(fd, reply, sizeof(reply) - 1, 0);
    close(fd);
    if (one->kind == SERVER_REDIS)
        return size > 0 && strncmp(reply, "-LOADING", 8) != 0;
    return size >= 0 || errno == ECONNRESET;
}

int server_free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (void *)&address, size) != 0 ||
        getsockname(fd, (void *)&address, &size) != 0)
        die(NULL, "no free port on 127.0.0.1: %s", strerror(errno));
    close(fd);
    return ntohs(address.sin_port);
}

/* ---- the process ----------------------------------------------------------------------------- */

static void add_argument(server *one, int *count, const char *text)
{
    if (*count >= MAX_ARGUMENTS - 1)
        die(NULL, "more than %d arguments for a server", MAX_ARGUMENTS);
    one->argv[*count] = strdup(text);
    if (one->argv[*count] == NULL)
        die(NULL, "out of memory");
    one->argv[++*count] = NULL;
}

static void add_arguments(server *one, int *count, const char *const texts[])
{
    for (; texts != NULL && *texts != NULL; texts++)
        add_argument(one, count, *texts);
}

static const char *binary(server_kind kind)
{
    bool redis = kind == SERVER_REDIS;
    const char *path = getenv(redis ? "REDIS_SERVER" : "MEMCACHED_SERVER");
    if (path == NULL || path[0] == '\0')
        path = redis ? "redis-server" : "memcached";
    return path;
}

/* The command line for the address that the server has now. */
static void make_arguments(server *one, const char *const extra[])
{
    int count = 0;
    bool tcp = one->port != 0;
    /* The kernel kills it when its parent dies. */
    add_arguments(one, &count, SERVER_ARGUMENTS("setpriv", "--pdeathsig", "KILL", "--"));
    add_argument(one, &count, binary(one->kind));
    if (one->kind == SERVER_REDIS) {
        add_arguments(one, &count,
                      SERVER_ARGUMENTS("--daemonize", "no", "--save", "", "--appendonly", "no",
                                       "--dir", one->dir, "--port", one->port_text));
        add_arguments(one, &count,
                      tcp ? SERVER_ARGUMENTS("--bind", "127.0.0.1")
                          : SERVER_ARGUMENTS("--unixsocket", one->socket));
    } else {
        /* as nobody it would lose the signal at its parent's death: the kernel clears it when the
         * user changes */
        if (geteuid() == 0)
            add_arguments(one, &count, SERVER_ARGUMENTS("-u", "root"));
        add_arguments(one, &count, SERVER_ARGUMENTS("-U", "0"));
        add_arguments(one, &count,
                      tcp ? SERVER_ARGUMENTS("-l", "127.0.0.1", "-p", one->port_text)
                          : SERVER_ARGUMENTS("-s", one->socket));
    }
    add_arguments(one, &count, extra);
}

static void free_arguments(server *one)
{
    for (int i = 0; one->argv[i] != NULL; i++)
        free(one->argv[i]);
    one->argv[0] = NULL;
}

/* By posix_spawn and not by fork: a test has threads in the middle of everything, and fork
 * handlers, which the child would run before it becomes the server. */
static void launch(server *one)
{
    char log[256];
    sigset_t none;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t files;
    snprintf(log, sizeof(log), "%s/log", one->dir);
    sigemptyset(&none);
    bool ready =
        posix_spawnattr_init(&attributes) == 0 &&
        posix_spawnattr_setsigmask(&attributes, &none) == 0 &&
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK) == 0 &&
        posix_spawn_file_actions_init(&files) == 0 &&
        posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0) == 0 &&
        posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, log, O_WRONLY | O_CREAT | O_APPEND,
                                         0600) == 0 &&
        posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO) == 0 &&
        /* the client libraries' sockets: a peer must see them closed */
        posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1) == 0;
    if (!ready)
        die(NULL, "out of memory");
    int error = posix_spawnp(&one->pid, one->argv[0], &files, &attributes, one->argv, environ);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    if (error != 0) {
        one->pid = 0;
        die(NULL, "cannot start %s: %s", one->argv[0], strerror(error));
    }
}

/* Waits until it answers; false: it has ended. */
static bool wait_until_up(server *one)
{
    for (long waited_ms = 0; waited_ms < START_TIMEOUT_MS; waited_ms += POLL_MS) {
        bool up = answers(one);
        if (waitpid(one->pid, NULL, WNOHANG) == one->pid) {
            one->pid = 0;
            return false;
        }
        if (up)
            return true;
        sleep_ms(POLL_MS);
    }
    die(one, "%s at %s does not answer after %d ms", binary(one->kind), one->address,
        START_TIMEOUT_MS);
}

static void set_address(server *one, server_listen listen)
{
    const char *scheme = "";
    if (listen == SERVER_TCP) {
        one->port = server_free_port();
        snprintf(one->address, sizeof(one->address), "127.0.0.1:%d", one->port);
        scheme = "redis://";
    } else {
        snprintf(one->socket, sizeof(one->socket), "%s/socket", one->dir);
        snprintf(one->address, sizeof(one->address), "%s", one->socket);
        scheme = "unix:";
    }
    snprintf(one->port_text, sizeof(one->port_text), "%d", one->port);
    if (one->kind == SERVER_REDIS)
        snprintf(one->setting, sizeof(one->setting), "redis.url=%s%s", scheme, one->address);
    else
        snprintf(one->setting, sizeof(one->setting), "memcached.servers=%s", one->address);
}

/* ---- the interface --------------------------------------------------------------------------- */

server *server_start(server_kind kind, server_listen listen, const char *const arguments[])
{
    server *one = calloc(1, sizeof(*one));
    if (one == NULL)
        die(NULL, "out of memory");
    one->kind = kind;
    one->owner = getpid();
    one->dir = temp_dir(); /* before atexit: so that servers end before their directories */

    pthread_mutex_lock(&servers.lock);
    if (!servers.registered)
        servers.registered = atexit(kill_all) == 0;
    one->next = servers.first;
    servers.first = one;
    pthread_mutex_unlock(&servers.lock);

    int attempts = listen == SERVER_TCP ? ATTEMPTS : 1;
    for (int attempt = 0; attempt < attempts; attempt++) {
        set_address(one, listen);
        free_arguments(one);
        make_arguments(one, arguments);
        launch(one);
        if (wait_until_up(one))
            return one;
    }
    die(one, "%s does not start", binary(one->kind));
}

void server_free(server *one)
{
    if (one == NULL)
        return;
    server_kill(one);
    pthread_mutex_lock(&servers.lock);
    server **link = &servers.first;
    while (*link != one)
        link = &(*link)->next;
    *link = one->next;
    pthread_mutex_unlock(&servers.lock);
    free_arguments(one);
    free(one);
}

void server_freeze(server *one)
{
    if (one->pid == 0 || kill(one->pid, SIGSTOP) != 0)
        die(one, "cannot freeze %s: it does not run", one->address);
    int status; /* the stop takes effect some time after kill */
    if (waitpid(one->pid, &status, WUNTRACED) != one->pid || !WIFSTOPPED(status))
        die(one, "cannot freeze %s: it ended", one->address);
}

void server_thaw(server *one)
{
    if (one->pid == 0 || kill(one->pid, SIGCONT) != 0)
        die(one, "cannot thaw %s: it does not run", one->address);
}

void server_kill(server *one)
{
    if (one->pid == 0)
        return;
    kill(one->pid, SIGKILL);
    while (waitpid(one->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    one->pid = 0;
}

void server_restart(server *one)
{
    server_kill(one);
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        launch(one);
        if (wait_until_up(one))
            return;
        sleep_ms(100L << attempt); /* somebody else has the port for a moment */
    }
    die(one, "cannot restart on %s", one->address);
}

server_kind server_kind_of(const server *one)
{
    return one->kind;
}

pid_t server_pid(const server *one)
{
    return one->pid;
}

const char *server_dir(const server *one)
{
    return one->dir;
}

int server_port(const server *one)
{
    return one->port;
}

const char *server_socket(const server *one)
{
    return one->socket;
}

const char *server_address(const server *one)
{
    return one->address;
}

const char *server_setting(const server *one)
{
    return one->setting;
}
