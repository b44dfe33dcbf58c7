/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * How fast values become bytes and bytes values, beside other libraries: `make bench`.
 *
 *     codec [ROUNDS [MILLISECONDS]]
 *
 * Competitors run in turn, each for so many milliseconds of processor time, for so many rounds, so
 * that what disturbs the machine meets all of them alike. "ns" is the median of the rounds, "times"
 * the median of the ratios of each round: how many times as fast as that library we are. Before
 * anything is measured, each must read what we write as the value it was, and we what it writes.
 *
 * "decode" is the codec alone: the struct is filled, and its texts and arrays are put where each
 * competitor is told to, into memory that is kept. "whole" is a decoded value as a program owns it:
 * in memory that was allocated for it and is freed. What a library leaves out that we do (msgpack-c
 * checks no UTF-8) is printed above the table, and not made up for.
 */
#include <stdio.h>
#include <time.h>

#include "codec.h"

#define ROUNDS_MAX      99
#define COMPETITORS_MAX 8

/* What we promise for a format: to be so many times as fast as a library. */
typedef struct format {
    const char *name;
    const competitor *competitors[COMPETITORS_MAX]; /* ours first */
    const competitor *rival;                        /* one of them; NULL: it was left out */
    const char *rival_name;
    const char *note; /* what the libraries do not do alike; NULL: nothing */
    double promised_encode, promised_decode;
} format;

static const format formats[] = {
    {.name = "JSON",
     .competitors = {&bench_zcache_json,
#ifdef HAVE_RAPIDJSON
                     &bench_rapidjson, &bench_rapidjson_insitu, &bench_rapidjson_reader,
#endif
#ifdef HAVE_JANSSON
                     &bench_jansson,
#endif
#ifdef HAVE_CJSON
                     &bench_cjson,
#endif
                     NULL},
#ifdef HAVE_RAPIDJSON
     .rival = &bench_rapidjson,
#endif
     .rival_name = "RapidJSON",
     .promised_encode = 1.5,
     .promised_decode = 2.5},
    {.name = "MessagePack",
     .competitors = {&bench_zcache_msgpack,
#ifdef HAVE_MSGPACK_C
                     &bench_msgpack_c, &bench_msgpack_c_next,
#endif
                     NULL},
#ifdef HAVE_MSGPACK_C
     .rival = &bench_msgpack_c,
#endif
     .rival_name = "msgpack-c",
     .note = "msgpack-c takes any bytes for a text; zcache checks that each is UTF-8 without a NUL",
     .promised_encode = 2,
     .promised_decode = 4}};

static const char *const record_titles[RECORDS] = {"8 fields", "40 fields"};

/* ---- the bytes of all values ----------------------------------------------------------------- */

typedef struct encoded {
    char *bytes; /* and a NUL */
    size_t size;
} encoded;

static encoded encode_copy(const competitor *by, record which, size_t i)
{
    const char *bytes;
    encoded made = {.size = by->encode[which](record_value(which, i), &bytes)};
    made.bytes = calloc(1, made.size + BENCH_ROOM);
    if (made.bytes == NULL)
        abort();
    memcpy(made.bytes, bytes, made.size);
    return made;
}

static void must_decode(const competitor *by, record which, size_t i, const encoded *from,
                        const char *writer)
{
    record_room value;
    memset(from->bytes + from->size, 0, BENCH_ROOM);
    void *memory = by->decode[which](from->bytes, from->size, &value);
    if (!record_equal(which, &value, record_value(which, i))) {
        fprintf(stderr, "%s reads another value than %s wrote: %s\n", by->name, writer,
                from->bytes);
        exit(1);
    }
    by->release(which, &value, memory);
}

/* All must agree; the mean size of what each writes. */
static double check(const format *in, const competitor *by, record which,
                    const encoded ours[RECORDS_VALUES])
{
    size_t size = 0;
    for (size_t i = 0; i < RECORDS_VALUES; i++) {
        must_decode(by, which, i, &ours[i], in->competitors[0]->name);
        if (by->encode[which] == NULL)
            continue;
        encoded theirs = encode_copy(by, which, i);
        must_decode(in->competitors[0], which, i, &theirs, by->name);
        size += theirs.size;
        free(theirs.bytes);
    }
    return (double)size / RECORDS_VALUES;
}

/* ---- measuring ------------------------------------------------------------------------------- */

/* Processor time of this thread: other programs on the machine do not count. */
static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* So that the compiler takes neither the work away, nor out of the loop. */
static inline void keep(const void *result)
{
    __asm__ volatile("" : : "r"(result) : "memory");
}

static void encode_all(const competitor *by, record which)
{
    for (size_t i = 0; i < RECORDS_VALUES; i++) {
        const char *bytes;
        by->encode[which](record_value(which, i), &bytes);
        keep(bytes);
    }
}

static void decode_all(const competitor *by, record which, const encoded from[RECORDS_VALUES])
{
    for (size_t i = 0; i < RECORDS_VALUES; i++) {
        record_room value;
        void *memory = by->decode[which](from[i].bytes, from[i].size, &value);
        keep(&value);
        by->release(which, &value, memory);
    }
}

/* What is measured. */
typedef enum job { ENCODE, DECODE, WHOLE, JOBS } job;

static const char *const job_titles[JOBS] = {"encode", "decode", "whole"};

char *bench_kept;

static bool has_job(const competitor *by, record which, job what)
{
    return what != ENCODE || by->encode[which] != NULL;
}

/* ns per value. */
static double measure(const competitor *by, record which, job what, const encoded *from,
                      double duration_ns)
{
    static char kept[BENCH_KEPT_SIZE];
    size_t values = 0;
    bench_kept = what == DECODE ? kept : NULL;
    if (what != ENCODE) /* what another has left behind the bytes */
        for (size_t i = 0; i < RECORDS_VALUES; i++)
            memset(from[i].bytes + from[i].size, 0, BENCH_ROOM);
    double begin = now_ns(), passed;
    do {
        for (int k = 0; k < 16; k++) {
            if (what == ENCODE)
                encode_all(by, which);
            else
                decode_all(by, which, from);
        }
        values += 16 * RECORDS_VALUES;
        passed = now_ns() - begin;
    } while (passed < duration_ns);
    bench_kept = NULL;
    return passed / (double)values;
}

static int compare_doubles(const void *one, const void *other)
{
    double a = *(const double *)one, b = *(const double *)other;
    return (a > b) - (a < b);
}

static double median(const double numbers[], size_t count)
{
    double sorted[ROUNDS_MAX];
    memcpy(sorted, numbers, count * sizeof(sorted[0]));
    qsort(sorted, count, sizeof(sorted[0]), compare_doubles);
    return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
}

/* ---- one record in one format ---------------------------------------------------------------- */

typedef struct figures {
    bool is_measured;
    double ns, times;
} figures;

typedef struct result {
    double size;
    figures jobs[JOBS];
} result;

static void measure_in_turn(const format *in, record which, job what, const encoded *from,
                            size_t rounds, double duration_ns, result out[COMPETITORS_MAX])
{
    static double ns[COMPETITORS_MAX][ROUNDS_MAX];
    for (size_t round = 0; round < rounds; round++)
        for (size_t i = 0; in->competitors[i] != NULL; i++)
            if (has_job(in->competitors[i], which, what))
                ns[i][round] = measure(in->competitors[i], which, what, from, duration_ns);
    for (size_t i = 0; in->competitors[i] != NULL; i++) {
        double ratios[ROUNDS_MAX];
        if (!has_job(in->competitors[i], which, what))
            continue;
        for (size_t round = 0; round < rounds; round++)
            ratios[round] = ns[i][round] / ns[0][round];
        out[i].jobs[what] = (figures){true, median(ns[i], rounds), median(ratios, rounds)};
    }
}

static void run(const format *in, record which, size_t rounds, double duration_ns,
                result results[COMPETITORS_MAX])
{
    encoded ours[RECORDS_VALUES];
    for (size_t i = 0; i < RECORDS_VALUES; i++)
        ours[i] = encode_copy(in->competitors[0], which, i);
    for (size_t i = 0; in->competitors[i] != NULL; i++)
        results[i].size = check(in, in->competitors[i], which, ours);
    for (job what = 0; what < JOBS; what++)
        measure_in_turn(in, which, what, ours, rounds, duration_ns, results);
    for (size_t i = 0; i < RECORDS_VALUES; i++)
        free(ours[i].bytes);
}

/* ---- printing -------------------------------------------------------------------------------- */

static void print_table(const format *in, result results[RECORDS][COMPETITORS_MAX])
{
    printf("\n");
    if (in->note != NULL)
        printf("%s\n", in->note);
    printf("%-33s %6s", in->name, "bytes");
    for (job what = 0; what < JOBS; what++)
        printf("  %9s  %6s", job_titles[what], "ratio");
    printf("\n");
    for (record which = 0; which < RECORDS; which++) {
        for (size_t i = 0; in->competitors[i] != NULL; i++) {
            const result *row = &results[which][i];
            printf("%-9s %-23s", record_titles[which], in->competitors[i]->name);
            if (row->jobs[ENCODE].is_measured)
                printf(" %6.0f", row->size);
            else
                printf(" %6s", "");
            for (job what = 0; what < JOBS; what++) {
                if (!row->jobs[what].is_measured)
                    printf("  %9s  %6s", "", "");
                else if (i == 0)
                    printf("  %6.1f ns  %6s", row->jobs[what].ns, "");
                else
                    printf("  %6.0f ns  %5.2fx", row->jobs[what].ns, row->jobs[what].times);
            }
            printf("\n");
        }
    }
}

/* The fastest of the rival's rows, whose names all begin with its name. */
static double least_times(const format *in, const result results[COMPETITORS_MAX], job what)
{
    double least = 0;
    for (size_t i = 1; in->competitors[i] != NULL; i++) {
        const figures *those = &results[i].jobs[what];
        if (strncmp(in->competitors[i]->name, in->rival->name, strlen(in->rival->name)) == 0 &&
            those->is_measured && (least == 0 || those->times < least))
            least = those->times;
    }
    return least;
}

static void print_promise(const format *in, result results[RECORDS][COMPETITORS_MAX], job what)
{
    double promised = what == DECODE ? in->promised_decode : in->promised_encode;
    printf("%s %s, at least %.1f times faster than %s:", in->name, job_titles[what], promised,
           in->rival_name);
    if (in->rival == NULL) {
        printf(" not measured\n");
        return;
    }
    size_t rival = 1;
    while (in->competitors[rival] != in->rival)
        rival++;
    for (record which = 0; which < RECORDS; which++) {
        const result *row = &results[which][rival];
        double times = row->jobs[what].times;
        double least = least_times(in, results[which], what);
        printf("%s %s %.2f (%s", which > 0 ? ";" : "", record_titles[which], times,
               times >= promised ? "reached" : "NOT reached");
        if (least < times)
            printf("; %.2f than the fastest of its rows", least);
        printf(")");
    }
    printf("\n");
}

static void print_left_out(void)
{
#ifndef HAVE_RAPIDJSON
    printf("left out: RapidJSON (install rapidjson-dev and g++, then configure)\n");
#endif
#ifndef HAVE_JANSSON
    printf("left out: jansson (install libjansson-dev, then configure)\n");
#endif
#ifndef HAVE_CJSON
    printf("left out: cJSON (install libcjson-dev, then configure)\n");
#endif
#ifndef HAVE_MSGPACK_C
    printf("left out: msgpack-c (install libmsgpack-dev, then configure)\n");
#endif
}

#define FORMATS (sizeof(formats) / sizeof(formats[0]))

int main(int argc, char **argv)
{
    static result results[FORMATS][RECORDS][COMPETITORS_MAX];
    long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : 9;
    long duration_ms = argc > 2 ? strtol(argv[2], NULL, 10) : 50;
    if (argc > 3 || rounds < 1 || rounds > ROUNDS_MAX || duration_ms < 1 || duration_ms > 10000) {
        fprintf(stderr, "usage: codec [ROUNDS [MILLISECONDS]]: 1 to %d, and 1 to 10000\n",
                ROUNDS_MAX);
        return 2;
    }
    printf("%ld rounds of %ld ms each; all numbers are medians\n", rounds, duration_ms);
    print_left_out();
    for (size_t i = 0; i < FORMATS; i++) {
        for (record which = 0; which < RECORDS; which++)
            run(&formats[i], which, (size_t)rounds, (double)duration_ms * 1e6, results[i][which]);
        print_table(&formats[i], results[i]);
        fflush(stdout);
    }
    printf("\n");
    for (size_t i = 0; i < FORMATS; i++) {
        print_promise(&formats[i], results[i], ENCODE);
        print_promise(&formats[i], results[i], DECODE);
    }
    return 0;
}
