/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A cache of Debian package records that changes its provider while it is in use.
 *
 * Threads look up packages by name, a few of them much oftener than the rest, through one zcache
 * handle; a miss is filled from the record file. Meanwhile the main thread swaps from one INI file
 * to the next. The threads know nothing of that: their code is the same on every provider, and no
 * operation of theirs may fail. Each value that the cache gives is compared with the record.
 *
 *     apt-cache dumpavail >records
 *     package-cache records conf/memory.ini conf/redis.ini conf/memory.ini
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zcache/zcache.h>

#define NS_PER_MS     1000000
#define NS_PER_SECOND 1000000000.0
#define THREADS_MAX   256
#define ZIPF_EXPONENT 0.99 /* the popularity of what people ask caches for, roughly */
#define RECORD_TTL    ZCACHE_MINUTES(10)
#define EXIT_FAILED   1
#define EXIT_USAGE    2

/* One package: its name and its bytes in the mapped record file. */
struct record {
    char *name;
    const char *data;
    size_t size;
};

struct record_file {
    const char *data;
    size_t size;
    struct record *records; /* one a package, in the order of their popularity */
    size_t count;
    double *popularity; /* popularity[i]: the share of lookups that ask for one of records[0…i] */
};

/* What one thread saw in one step. */
struct tally {
    uint64_t reads, hits, writes;
    uint64_t failed;    /* operations that ended with an error */
    uint64_t wrong;     /* values that are not the record's */
    uint64_t too_large; /* records above max_value_size, which are not cached */
    int64_t longest_ns; /* the longest time that one operation took */
};

/* A step: the swap that begins it, then lookups until the next one. */
struct step {
    const char *file;
    char provider[ZCACHE_NAME_SIZE];
    double seconds;
    zcache_swap_report swap; /* of step 0: empty, it is opened, not swapped to */
};

struct run {
    zcache *cache;
    const struct record_file *file;
    atomic_size_t step; /* the step that new operations count for */
    atomic_bool stop;
};

struct worker {
    struct run *run;
    pthread_t thread;
    unsigned short random[3];
    struct tally *tallies; /* one a step: this thread alone writes them until it ends */
    char first_error[256];
};

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* ---- the records ----------------------------------------------------------------------------- */

static int by_name(const void *left, const void *right)
{
    const struct record *a = left, *b = right;
    int order = strcmp(a->name, b->name);
    /* of several versions the first in the file stands first */
    return order != 0 ? order : (a->data > b->data) - (a->data < b->data);
}

/* Appends the record of `size` bytes at `data`, if it has a name. */
static bool add_record(struct record_file *file, size_t *capacity, const char *data, size_t size)
{
    static const char field[] = "Package: ";
    size_t skip = sizeof field - 1;
    if (size <= skip || memcmp(data, field, skip) != 0)
        return true;
    if (file->count == *capacity) {
        *capacity = *capacity == 0 ? 1024 : *capacity * 2;
        struct record *grown = realloc(file->records, *capacity * sizeof *grown);
        if (grown == NULL)
            return false;
        file->records = grown;
    }
    const char *name = data + skip;
    const char *end = memchr(name, '\n', size - skip);
    struct record *added = &file->records[file->count];
    added->name = strndup(name, end == NULL ? size - skip : (size_t)(end - name));
    added->data = data;
    added->size = size;
    if (added->name == NULL)
        return false;
    file->count++;
    return true;
}

/* Finds the records: paragraphs that empty lines end. */
static bool split_records(struct record_file *file)
{
    size_t capacity = 0;
    const char *begin = file->data, *end = file->data + file->size;
    for (const char *line = begin; line < end;) {
        const char *newline = memchr(line, '\n', (size_t)(end - line));
        const char *next = newline == NULL ? end : newline + 1;
        if (newline == line || next == end) {
            const char *stop = newline == line ? line : end;
            if (!add_record(file, &capacity, begin, (size_t)(stop - begin)))
                return false;
            begin = next;
        }
        line = next;
    }
    return true;
}

/* Keeps one record a name, and puts them in an order of popularity that no provider profits by. */
static void unite_and_shuffle(struct record_file *file)
{
    qsort(file->records, file->count, sizeof *file->records, by_name);
    size_t kept = 0;
    for (size_t i = 0; i < file->count; i++) {
        if (kept > 0 && strcmp(file->records[kept - 1].name, file->records[i].name) == 0)
            free(file->records[i].name);
        else
            file->records[kept++] = file->records[i];
    }
    file->count = kept;
    unsigned short random[3] = {1, 2, 3};
    for (size_t i = kept; i > 1; i--) {
        size_t j = (size_t)(erand48(random) * (double)i);
        struct record swapped = file->records[i - 1];
        file->records[i - 1] = file->records[j];
        file->records[j] = swapped;
    }
}

/* Lookups follow Zipf's law: the record of rank r is asked for with a weight of 1 / r^exponent. */
static bool rank_records(struct record_file *file)
{
    file->popularity = malloc(file->count * sizeof *file->popularity);
    if (file->popularity == NULL)
        return false;
    double sum = 0;
    for (size_t i = 0; i < file->count; i++) {
        sum += 1 / pow((double)(i + 1), ZIPF_EXPONENT);
        file->popularity[i] = sum;
    }
    for (size_t i = 0; i < file->count; i++)
        file->popularity[i] /= sum;
    return true;
}

static bool map_file(struct record_file *file, const char *path)
{
    bool done = false;
    struct stat status;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return false;
    if (fstat(descriptor, &status) == 0) {
        file->size = (size_t)status.st_size;
        void *map = mmap(NULL, file->size, PROT_READ, MAP_PRIVATE, descriptor, 0);
        done = map != MAP_FAILED; /* an empty file: EINVAL */
        file->data = done ? map : NULL;
    }
    close(descriptor);
    return done;
}

static bool load_records(struct record_file *file, const char *path)
{
    if (!map_file(file, path) || !split_records(file)) {
        fprintf(stderr, "package-cache: %s: %s\n", path, strerror(errno));
        return false;
    }
    unite_and_shuffle(file);
    if (file->count == 0) {
        fprintf(stderr, "package-cache: %s: no line begins with \"Package: \"\n", path);
        return false;
    }
    if (!rank_records(file)) {
        fprintf(stderr, "package-cache: out of memory\n");
        return false;
    }
    return true;
}

static void free_records(struct record_file *file)
{
    for (size_t i = 0; i < file->count; i++)
        free(file->records[i].name);
    free(file->records);
    free(file->popularity);
    if (file->data != NULL)
        munmap((void *)(uintptr_t)file->data, file->size);
}

/* The record that the next lookup asks for. */
static const struct record *pick(const struct record_file *file, unsigned short random[3])
{
    double share = erand48(random);
    size_t low = 0, high = file->count - 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (file->popularity[middle] < share)
            low = middle + 1;
        else
            high = middle;
    }
    return &file->records[low];
}

/* ---- the threads: what an application does with a cache ---------------------------------------
 */

static void note_time(struct tally *tally, int64_t began_ns)
{
    int64_t took_ns = now_ns() - began_ns;
    if (took_ns > tally->longest_ns)
        tally->longest_ns = took_ns;
}

static void note_failure(struct worker *worker, struct tally *tally)
{
    if (worker->first_error[0] == '\0')
        snprintf(worker->first_error, sizeof worker->first_error, "%s", zcache_error_message());
    tally->failed++;
}

/* Stores a record that the cache did not have. */
static void fill(struct worker *worker, struct tally *tally, const struct record *record)
{
    int64_t began_ns = now_ns();
    zcache_status status = zcache_set(worker->run->cache, record->name, record->data, record->size,
                                      ZCACHE_WRITE(.ttl_ms = RECORD_TTL));
    note_time(tally, began_ns);
    tally->writes++;
    if (status == ZCACHE_E_TOO_LARGE)
        tally->too_large++;
    else if (status != ZCACHE_OK)
        note_failure(worker, tally);
}

/* Looks one package up. */
static void look_up(struct worker *worker, struct tally *tally, zcache_value *value)
{
    const struct record *record = pick(worker->run->file, worker->random);
    int64_t began_ns = now_ns();
    zcache_status status = zcache_get(worker->run->cache, record->name, value, NULL);
    note_time(tally, began_ns);
    tally->reads++;
    if (status == ZCACHE_MISS) {
        fill(worker, tally, record);
    } else if (status != ZCACHE_OK) {
        note_failure(worker, tally);
    } else {
        tally->hits++;
        if (value->size != record->size || memcmp(value->data, record->data, record->size) != 0)
            tally->wrong++;
    }
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    zcache_value value = ZCACHE_VALUE_INIT; /* keeps its memory from one lookup to the next */
    while (!atomic_load_explicit(&worker->run->stop, memory_order_relaxed)) {
        size_t step = atomic_load_explicit(&worker->run->step, memory_order_relaxed);
        look_up(worker, &worker->tallies[step], &value);
    }
    zcache_value_free(&value);
    return NULL;
}

/* ---- the steps ------------------------------------------------------------------------------- */

static void sleep_seconds(double seconds)
{
    struct timespec left = {.tv_sec = (time_t)seconds};
    left.tv_nsec = (long)((seconds - (double)left.tv_sec) * NS_PER_SECOND);
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        continue;
}

/* Lets the threads work through all steps, with a swap at the beginning of each but the first. */
static bool take_steps(struct run *run, struct step steps[], size_t count, double seconds)
{
    for (size_t i = 0; i < count; i++) {
        int64_t began_ns = now_ns();
        if (i > 0) {
            atomic_store_explicit(&run->step, i, memory_order_relaxed);
            if (zcache_swap(run->cache,
                            ZCACHE_SWAP(.file = steps[i].file, .report = &steps[i].swap)) < 0) {
                fprintf(stderr, "package-cache: %s: %s\n", steps[i].file, zcache_error_message());
                return false;
            }
        }
        if (zcache_provider(run->cache, steps[i].provider, sizeof steps[i].provider) < 0) {
            fprintf(stderr, "package-cache: %s\n", zcache_error_message());
            return false;
        }
        sleep_seconds(seconds);
        steps[i].seconds = (double)(now_ns() - began_ns) / NS_PER_SECOND;
    }
    return true;
}

/* Starts the threads, takes the steps, ends the threads. */
static bool run_steps(struct run *run, struct worker workers[], size_t threads, struct step steps[],
                      size_t count, double seconds)
{
    size_t started = 0;
    for (; started < threads; started++) {
        struct worker *worker = &workers[started];
        worker->run = run;
        worker->random[0] = (unsigned short)(started + 1);
        worker->tallies = calloc(count, sizeof *worker->tallies);
        if (worker->tallies == NULL || pthread_create(&worker->thread, NULL, work, worker) != 0)
            break;
    }
    bool done = started == threads;
    if (!done)
        fprintf(stderr, "package-cache: only %zu of %zu threads could be started\n", started,
                threads);
    else
        done = take_steps(run, steps, count, seconds);
    atomic_store(&run->stop, true);
    while (started-- > 0)
        pthread_join(workers[started].thread, NULL);
    return done;
}

/* ---- the table ------------------------------------------------------------------------------- */

static struct tally sum_step(const struct worker workers[], size_t threads, size_t step)
{
    struct tally sum = {0};
    for (size_t i = 0; i < threads; i++) {
        const struct tally *part = &workers[i].tallies[step];
        sum.reads += part->reads;
        sum.hits += part->hits;
        sum.writes += part->writes;
        sum.failed += part->failed;
        sum.wrong += part->wrong;
        sum.too_large += part->too_large;
        if (part->longest_ns > sum.longest_ns)
            sum.longest_ns = part->longest_ns;
    }
    return sum;
}

static void print_row(const struct step *step, const struct tally *sum, bool swapped)
{
    double hits = sum->reads == 0 ? 0 : 100.0 * (double)sum->hits / (double)sum->reads;
    printf("%-12s %7.1f %10" PRIu64 " %6.1f %6" PRIu64 " %5" PRIu64 " %8.1f", step->provider,
           step->seconds, sum->reads + sum->writes, hits, sum->failed, sum->wrong,
           (double)sum->longest_ns / NS_PER_MS);
    if (swapped) {
        const zcache_swap_report *swap = &step->swap;
        const int64_t times_ns[] = {swap->load_ns,    swap->open_ns,  swap->ping_ns,
                                    swap->publish_ns, swap->drain_ns, swap->close_ns};
        for (size_t i = 0; i < sizeof times_ns / sizeof times_ns[0]; i++)
            printf(" %7" PRId64, times_ns[i] / 1000);
        printf("  %s", swap->retired    ? "still in use"
                       : swap->unmapped ? "unloaded"
                                        : "still mapped");
    }
    printf("\n");
}

/* Prints one row a step, and says whether all of them were as they should be. */
static bool print_table(const struct step steps[], size_t count, const struct worker workers[],
                        size_t threads)
{
    bool good = true;
    uint64_t too_large = 0;
    printf("%-12s %7s %10s %6s %6s %5s %8s | %s\n", "", "", "", "", "", "", "longest",
           "the swap to it, in microseconds           the provider");
    printf("%-12s %7s %10s %6s %6s %5s %8s |%7s %7s %7s %7s %7s %7s  %s\n", "provider", "seconds",
           "operations", "hits %", "failed", "wrong", "pause ms", "load", "open", "ping", "publish",
           "drain", "close", "before it");
    for (size_t i = 0; i < count; i++) {
        struct tally sum = sum_step(workers, threads, i);
        print_row(&steps[i], &sum, i > 0);
        good = good && sum.reads > 0 && sum.failed == 0 && sum.wrong == 0;
        too_large += sum.too_large;
    }
    if (too_large > 0)
        printf("%" PRIu64 " times a record was above max_value_size and not cached\n", too_large);
    for (size_t i = 0; i < threads; i++)
        if (workers[i].first_error[0] != '\0')
            printf("thread %zu: %s\n", i, workers[i].first_error);
    return good;
}

/* ---- the command line ------------------------------------------------------------------------ */

static int usage(void)
{
    fprintf(stderr, "usage: package-cache [-s SECONDS] [-t THREADS] RECORDS FILE.ini...\n"
                    "  -s SECONDS  how long each step lasts (3)\n"
                    "  -t THREADS  how many threads look packages up (4)\n"
                    "  RECORDS     what `apt-cache dumpavail` prints, or /var/lib/dpkg/status\n"
                    "  FILE.ini    a step each: the first is opened, the others are swapped to\n");
    return EXIT_USAGE;
}

static int cache_packages(const struct record_file *file, struct step steps[], size_t count,
                          size_t threads, double seconds)
{
    int result = EXIT_FAILED;
    struct run run = {.file = file};
    struct worker *workers = calloc(threads, sizeof *workers);
    if (workers == NULL) {
        fprintf(stderr, "package-cache: out of memory\n");
        return EXIT_FAILED;
    }
    if (zcache_open_file(&run.cache, steps[0].file, NULL) != ZCACHE_OK) {
        fprintf(stderr, "package-cache: %s\n", zcache_error_message());
        goto out;
    }
    bool done = run_steps(&run, workers, threads, steps, count, seconds);
    bool good = done && print_table(steps, count, workers, threads);
    if (zcache_close(run.cache) != ZCACHE_OK)
        fprintf(stderr, "package-cache: %s\n", zcache_error_message());
    else if (good)
        result = EXIT_SUCCESS;
out:
    for (size_t i = 0; i < threads; i++)
        free(workers[i].tallies);
    free(workers);
    return result;
}

int main(int argc, char **argv)
{
    double seconds = 3;
    size_t threads = 4;
    for (int option; (option = getopt(argc, argv, "s:t:")) != -1;) {
        if (option == 's')
            seconds = strtod(optarg, NULL);
        else if (option == 't')
            threads = strtoul(optarg, NULL, 10);
        else
            return usage();
    }
    if (argc - optind < 2 || !(seconds > 0 && seconds <= 3600) || threads < 1 ||
        threads > THREADS_MAX)
        return usage();

    size_t count = (size_t)(argc - optind - 1);
    struct step *steps = calloc(count, sizeof *steps);
    struct record_file file = {0};
    int result = EXIT_FAILED;
    if (steps != NULL && load_records(&file, argv[optind])) {
        for (size_t i = 0; i < count; i++)
            steps[i].file = argv[optind + 1 + (int)i];
        printf("%zu package records, %.1f MB; %zu threads; %.1f seconds a step\n\n", file.count,
               (double)file.size / 1e6, threads, seconds);
        fflush(stdout);
        result = cache_packages(&file, steps, count, threads, seconds);
    }
    free_records(&file);
    free(steps);
    return result;
}
