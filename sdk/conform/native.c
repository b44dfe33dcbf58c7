/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Native handles: lent to one at a time, and taken back in any state.
 */
#include "check.h"

static void *acquire(conform *c)
{
    void *handle = NULL;
    zcache_call call = conform_call(0, CALL_TIMEOUT_MS);
    conform_watch_call("native acquire");
    expect_status(ZCACHE_OK, c->plugin->native->acquire(c->store->self, &call, &handle),
                  "native acquire");
    conform_watch(0, NULL);
    expect(handle != NULL, "native acquire returned OK and gave no handle");
    return handle;
}

static void release(conform *c, void *handle)
{
    conform_watch_call("native release");
    c->plugin->native->release(c->store->self, handle);
    conform_watch(0, NULL);
}

static void lends_and_takes_back(conform *c)
{
    const char *type = c->plugin->native->type;
    expect(type != NULL && strchr(type, '.') != NULL && strchr(type, '/') != NULL,
           "the native type is \"%s\": library.type/version is asked for",
           type != NULL ? type : "(NULL)");
    put(c, "a", "1");
    for (int i = 0; i < 50; i++) {
        void *handle = acquire(c);
        expect_holds(c, "a", "1", "while a native handle is lent");
        release(c, handle);
    }
    put(c, "a", "2");
    expect_holds(c, "a", "2", "after native handles were lent");
}

static void lends_to_one_at_a_time(conform *c)
{
    void *one = acquire(c);
    void *other = acquire(c);
    expect(one != other, "two acquires gave the same handle: who has one has it alone");
    release(c, one);
    release(c, other);
}

static const conform_check checks[] = {
    {"native", "a native handle is lent and taken back, and operations go on", lends_and_takes_back,
     NEEDS_NATIVE},
    {"native-alone", "two native handles that are out are two", lends_to_one_at_a_time,
     NEEDS_NATIVE},
};

CONFORM_GROUP(native);
