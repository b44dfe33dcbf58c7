/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Lines of the log are kept as they come, from any thread.
 */
#include "reload-harness.h"

#include <dirent.h>
#include <limits.h>
#include <pthread.h>
#include <unistd.h>

#include "temp.h"

#define LINES_MAX 256
#define WAIT_MS   20000

zcache *cache;
const char *directory;
char ini[PATH_MAX];

server *redis, *memcached;

static struct {
    pthread_mutex_t lock; /* guards the rest */
    size_t count;
    struct {
        zcache_log_level level;
        char text[512];
    } lines[LINES_MAX];
} logged = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void take_line(void *user, zcache_log_level level, const char *message)
{
    (void)user;
    pthread_mutex_lock(&logged.lock);
    if (logged.count < LINES_MAX) {
        logged.lines[logged.count].level = level;
        snprintf(logged.lines[logged.count].text, sizeof(logged.lines[0].text), "%s", message);
        logged.count++;
    }
    pthread_mutex_unlock(&logged.lock);
}

int harness_logged(zcache_log_level level, const char *part)
{
    int found = 0;
    pthread_mutex_lock(&logged.lock);
    for (size_t i = 0; i < logged.count; i++)
        found += logged.lines[i].level == level && strstr(logged.lines[i].text, part) != NULL;
    pthread_mutex_unlock(&logged.lock);
    return found;
}

const char *harness_log_line(zcache_log_level level)
{
    const char *found = "";
    pthread_mutex_lock(&logged.lock);
    for (size_t i = 0; i < logged.count; i++)
        if (logged.lines[i].level == level)
            found = logged.lines[i].text;
    pthread_mutex_unlock(&logged.lock);
    return found;
}

void harness_start_servers(void)
{
    redis = server_start(SERVER_REDIS, SERVER_UNIX, NULL);
    memcached = server_start(SERVER_MEMCACHED, SERVER_UNIX, NULL);
}

void harness_stop_servers(void)
{
    server_free(redis);
    server_free(memcached);
}

int harness_setup(void **state)
{
    (void)state;
    directory = temp_dir();
    snprintf(ini, sizeof(ini), "%s/zcache.ini", directory);
    logged.count = 0;
    return 0;
}

int harness_teardown(void **state)
{
    (void)state;
    if (cache != NULL)
        assert_status(ZCACHE_OK, zcache_close(cache));
    cache = NULL;
    return 0;
}

void harness_write(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(0, fclose(file));
}

void harness_put(const char *path, const char *text)
{
    char temporary[PATH_MAX + 8];
    snprintf(temporary, sizeof(temporary), "%s.new", path);
    harness_write(temporary, text);
    assert_int_equal(0, rename(temporary, path));
}

static const char *with_prefix(const char *text)
{
    static char whole[4096];
    snprintf(whole, sizeof(whole), "[cache]\nkey_prefix = reload:\n%s", text);
    return whole;
}

void harness_edit(const char *text)
{
    harness_put(ini, with_prefix(text));
}

void harness_open_file(void)
{
    char path[3 * PATH_MAX];
    snprintf(path, sizeof(path), "cache.plugin_path=%s,%s", directory,
             getenv("ZCACHE_TEST_PLUGINS"));
    const char *settings[] = {path, server_setting(redis), server_setting(memcached), NULL};
    assert_status(
        ZCACHE_OK,
        zcache_open_file(&cache, ini, ZCACHE_OPTIONS(.settings = settings, .log = take_line)));
}

void harness_open(const char *text)
{
    harness_edit(text);
    harness_open_file();
}

const zcache_reload_report *harness_reload(void)
{
    static zcache_reload_report report;
    zcache_status status;
    int64_t until = clock_ms() + WAIT_MS;
    while ((status = zcache_reload(cache, ZCACHE_RELOAD(.report = &report))) == ZCACHE_E_BUSY &&
           clock_ms() < until)
        clock_sleep_ms(10); /* the watch is at it */
    assert_status(ZCACHE_OK, status);
    return &report;
}

void assert_provider(const char *expected)
{
    char name[64];
    assert_status(ZCACHE_OK, zcache_provider(cache, name, sizeof(name)));
    assert_string_equal(expected, name);
}

typedef struct wanted {
    const char *name;
    int64_t number;
    bool found;
} wanted;

static void take_stat(void *user, const zcache_stat *stat)
{
    wanted *one = user;
    if (strcmp(stat->name, one->name) != 0)
        return;
    one->number = stat->number;
    one->found = true;
}

int64_t stat_of(const char *name)
{
    wanted one = {.name = name};
    assert_status(ZCACHE_OK, zcache_stats(cache, take_stat, &one, NULL));
    assert_true(one.found);
    return one.number;
}

void wait_for_provider(const char *expected)
{
    char name[64] = "";
    for (int64_t until = clock_ms() + WAIT_MS; clock_ms() < until; clock_sleep_ms(10)) {
        assert_status(ZCACHE_OK, zcache_provider(cache, name, sizeof(name)));
        if (strcmp(expected, name) == 0)
            return;
    }
    fail_msg("expected the provider %s, it is %s still", expected, name);
}

void wait_for_stat(const char *name, int64_t expected)
{
    int64_t until = clock_ms() + WAIT_MS;
    while (stat_of(name) != expected && clock_ms() < until)
        clock_sleep_ms(10);
    assert_int_equal(expected, stat_of(name));
}

void wait_for_logged(zcache_log_level level, const char *part, int expected)
{
    int64_t until = clock_ms() + WAIT_MS;
    while (harness_logged(level, part) < expected && clock_ms() < until)
        clock_sleep_ms(10);
    assert_int_equal(expected, harness_logged(level, part));
}

bool is_mapped(const char *part)
{
    char line[4096];
    FILE *maps = fopen("/proc/self/maps", "r");
    assert_non_null(maps);
    bool found = false;
    while (fgets(line, sizeof(line), maps) != NULL)
        found |= strstr(line, part) != NULL;
    fclose(maps);
    return found;
}

int count_threads(const char *name)
{
    int count = 0;
    DIR *tasks = opendir("/proc/self/task");
    assert_non_null(tasks);
    for (struct dirent *task; (task = readdir(tasks)) != NULL;) {
        char path[300], text[64] = "";
        snprintf(path, sizeof(path), "/proc/self/task/%s/comm", task->d_name);
        FILE *file = fopen(path, "r");
        if (file == NULL)
            continue;
        if (fgets(text, sizeof(text), file) != NULL)
            count += strncmp(text, name, strlen(name)) == 0;
        fclose(file);
    }
    closedir(tasks);
    return count;
}
