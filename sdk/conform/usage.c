/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * /proc/self, and mallinfo2 where the C library has it. The pthread keys are counted by making all
 * that can be made.
 */
#include "usage.h"

#include <dirent.h>
#include <limits.h>
#include <malloc.h>
#include <pthread.h>

#include "check.h"

static long count_entries(const char *directory)
{
    long count = 0;
    DIR *open = opendir(directory);
    expect(open != NULL, "%s cannot be read", directory);
    while (readdir(open) != NULL)
        count++;
    closedir(open);
    return count;
}

static long count_free_keys(void)
{
    static pthread_key_t keys[PTHREAD_KEYS_MAX];
    long count = 0;
    while (count < PTHREAD_KEYS_MAX && pthread_key_create(&keys[count], NULL) == 0)
        count++;
    for (long i = 0; i < count; i++)
        pthread_key_delete(keys[i]);
    return count;
}

static long count_mappings(void)
{
    long count = 0;
    FILE *maps = fopen("/proc/self/maps", "re");
    expect(maps != NULL, "/proc/self/maps cannot be read");
    for (int c; (c = getc(maps)) != EOF;)
        count += c == '\n';
    fclose(maps);
    return count;
}

usage usage_now(void)
{
    usage now = {.descriptors = count_entries("/proc/self/fd"),
                 .threads = count_entries("/proc/self/task"),
                 .keys = count_free_keys(),
                 .mappings = count_mappings()};
#if defined(__GLIBC__) && (__GLIBC__ > 2 || (__GLIBC__ == 2 && __GLIBC_MINOR__ >= 33))
    struct mallinfo2 info = mallinfo2();
    now.allocated = info.uordblks + info.hblkhd;
#endif
    return now;
}

bool usage_maps(const char *file)
{
    char *line = NULL;
    size_t room = 0;
    bool found = false;
    FILE *maps = fopen("/proc/self/maps", "re");
    expect(maps != NULL, "/proc/self/maps cannot be read");
    while (!found && getline(&line, &room, maps) > 0)
        found = strstr(line, file) != NULL;
    free(line);
    fclose(maps);
    return found;
}
