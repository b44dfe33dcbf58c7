/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Every input of the fuzzers' corpora as an ordinary test: among them those that once were
 * findings. With arguments, a decoder's name and files, it runs those.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

static const struct {
    const char *name;
    void (*run)(const uint8_t *data, size_t size);
} decoders[] = {
#define FUZZ_ENTRY(decoder) {#decoder, fuzz_##decoder},
    FUZZ_DECODERS(FUZZ_ENTRY)};
#define DECODERS (sizeof(decoders) / sizeof(decoders[0]))

static void give_up(const char *what)
{
    printf("Bail out! ");
    fflush(stdout);
    perror(what);
    exit(1);
}

static void run_file(size_t decoder, const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0)
        give_up(path);
    long size = ftell(file);
    uint8_t *data = size >= 0 ? malloc((size_t)size + 1) : NULL;
    rewind(file);
    if (data == NULL || fread(data, 1, (size_t)size, file) != (size_t)size)
        give_up(path);
    fclose(file);
    printf("# %s\n", path); /* an input that ends the program is the last one shown */
    fflush(stdout);
    decoders[decoder].run(data, (size_t)size);
    free(data);
}

/* Returns how many there were. */
static size_t run_corpus(size_t decoder)
{
    const char *source = getenv("ZCACHE_TEST_SOURCE");
    char directory[2048], path[4096];
    size_t count = 0;
    snprintf(directory, sizeof(directory), "%s/tests/fuzz/corpus/%s", source != NULL ? source : ".",
             decoders[decoder].name);
    DIR *corpus = opendir(directory);
    if (corpus == NULL)
        give_up(directory);
    for (struct dirent *entry; (entry = readdir(corpus)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
        run_file(decoder, path);
        count++;
    }
    closedir(corpus);
    return count;
}

int main(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < DECODERS; i++)
        if (strcmp(argv[1], decoders[i].name) == 0)
            for (int file = 2; file < argc; file++)
                run_file(i, argv[file]);
    if (argc > 1)
        return 0;
    printf("1..%zu\n", DECODERS);
    for (size_t i = 0; i < DECODERS; i++) {
        size_t count = run_corpus(i);
        printf("%sok %zu - %s: %zu inputs\n", count > 0 ? "" : "not ", i + 1, decoders[i].name,
               count);
    }
    return 0;
}
