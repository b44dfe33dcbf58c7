/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What the tests of the control socket share: a cache that has one, a client of its protocol, and an
 * application that works meanwhile.
 */
#ifndef TESTS_INTEGRATION_CONTROL_HARNESS_H
#define TESTS_INTEGRATION_CONTROL_HARNESS_H

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <zcache/zcache.h>

#include "clock.h"
#include "expect.h"
#include "servers.h"
#include "temp.h"

#define KEYS      2000
#define REPLY_MAX 65536

extern server *redis;
extern zcache *cache; /* closed after each test, unless the test has done it and set it to NULL */
extern const char *directory;
extern char socket_path[108]; /* in it */

int start_server(void **state);
int stop_server(void **state);

zcache_status open_at(zcache **opened, const char *path);
int open_cache(void **state);
int close_cache(void **state);
#define CONTROL_TEST(test) cmocka_unit_test_setup_teardown(test, open_cache, close_cache)

/* KEYS keys, whose values are their names. */
void fill(void);
void assert_all_there(void);

/* ---- a client -------------------------------------------------------------------------------- */

int try_connect(void); /* -1, and errno: it cannot */
int connect_client(void);
void send_bytes(int fd, const char *bytes, size_t size);
void send_text(int fd, const char *text);
/* Reads to the end, and closes. */
void read_reply(int fd, char reply[REPLY_MAX]);
/* The reply to a line, until the next call. */
const char *ask(const char *request);

void assert_has_(const char *part, const char *reply, int line);
#define assert_has(part, reply) assert_has_(part, reply, __LINE__)

#define ENDS_OK "{\"type\":\"end\",\"status\":\"OK\",\"code\":0}\n"
void assert_serves(void);
/* Waits until a reply to `request` has `part`: bounded by the test's own patience. */
void wait_for_reply(const char *request, const char *part);

/* ---- the application at work ----------------------------------------------------------------- */

typedef struct work {
    pthread_t thread;
    _Atomic bool stop;
    int64_t counted;
} work;

/* A thread that counts "counter" up; each count must be right. */
void work_begin(work *working);
void work_end(work *working);

#endif
