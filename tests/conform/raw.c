/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A client of a few lines for each protocol, to see a server as other programs do. A connection for
 * each call.
 */
#include <unistd.h>

#include "conform.h"

static FILE *raw_open(const server *one)
{
    int fd = server_connect(one);
    FILE *stream = fdopen(fd, "r+");
    assert_non_null(stream);
    return stream;
}

static void raw_line(FILE *stream, char *line, size_t size)
{
    fflush(stream);
    assert_non_null(fgets(line, (int)size, stream));
    line[strcspn(line, "\r\n")] = '\0';
}

static void raw_read(FILE *stream, void *data, size_t size)
{
    assert_int_equal(fread(data, 1, size, stream), size);
    assert_int_equal(fgetc(stream), '\r');
    assert_int_equal(fgetc(stream), '\n');
}

static void redis_argument(FILE *stream, const void *data, size_t size)
{
    fprintf(stream, "$%zu\r\n", size);
    fwrite(data, 1, size, stream);
    fputs("\r\n", stream);
}

static long redis_get(FILE *stream, const void *key, size_t key_size, char *value, size_t capacity)
{
    char line[128];
    fputs("*2\r\n$3\r\nGET\r\n", stream);
    redis_argument(stream, key, key_size);
    raw_line(stream, line, sizeof(line));
    assert_int_equal(line[0], '$');
    long size = strtol(line + 1, NULL, 10);
    if (size < 0)
        return -1;
    assert_true((size_t)size <= capacity);
    raw_read(stream, value, (size_t)size);
    return size;
}

static long memcached_get(FILE *stream, const void *key, size_t key_size, char *value,
                          size_t capacity)
{
    char line[512];
    fputs("get ", stream);
    fwrite(key, 1, key_size, stream);
    fputs("\r\n", stream);
    raw_line(stream, line, sizeof(line));
    if (strcmp(line, "END") == 0)
        return -1;
    unsigned long flags, size;
    assert_int_equal(sscanf(line, "VALUE %*s %lu %lu", &flags, &size), 2);
    assert_int_equal(flags, 0);
    assert_true(size <= capacity);
    raw_read(stream, value, size);
    return (long)size;
}

long raw_get(const server *one, const void *key, size_t key_size, char *value, size_t capacity)
{
    FILE *stream = raw_open(one);
    long size = server_kind_of(one) == SERVER_REDIS
                    ? redis_get(stream, key, key_size, value, capacity)
                    : memcached_get(stream, key, key_size, value, capacity);
    fclose(stream);
    return size;
}

void raw_set(const server *one, const void *key, size_t key_size, const void *value, size_t size)
{
    FILE *stream = raw_open(one);
    bool redis = server_kind_of(one) == SERVER_REDIS;
    char line[128];
    if (redis) {
        fputs("*3\r\n$3\r\nSET\r\n", stream);
        redis_argument(stream, key, key_size);
        redis_argument(stream, value, size);
    } else {
        fputs("set ", stream);
        fwrite(key, 1, key_size, stream);
        fprintf(stream, " 0 0 %zu\r\n", size);
        fwrite(value, 1, size, stream);
        fputs("\r\n", stream);
    }
    raw_line(stream, line, sizeof(line));
    assert_string_equal(line, redis ? "+OK" : "STORED");
    fclose(stream);
}

static int compare_lines(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

char *raw_redis_keys(const server *one, const char *pattern)
{
    FILE *stream = raw_open(one);
    char line[128];
    fputs("*2\r\n$4\r\nKEYS\r\n", stream);
    redis_argument(stream, pattern, strlen(pattern));
    raw_line(stream, line, sizeof(line));
    assert_int_equal(line[0], '*');
    size_t count = strtoul(line + 1, NULL, 10);
    char **keys = calloc(count + 1, sizeof(*keys));
    size_t total = 1;
    for (size_t i = 0; i < count; i++) {
        raw_line(stream, line, sizeof(line));
        size_t size = strtoul(line + 1, NULL, 10);
        keys[i] = calloc(1, size + 1);
        raw_read(stream, keys[i], size);
        total += size + 1;
    }
    fclose(stream);
    qsort(keys, count, sizeof(*keys), compare_lines);
    char *text = calloc(1, total);
    for (size_t i = 0; i < count; i++) {
        strcat(text, keys[i]);
        strcat(text, "\n");
        free(keys[i]);
    }
    free(keys);
    return text;
}
