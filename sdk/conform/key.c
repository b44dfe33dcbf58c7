/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Keys are any bytes of the declared form, up to the declared length, and no two are confused.
 */
#include <stdio.h>

#include "check.h"

static bool is_text(const conform *c)
{
    return c->plugin->key_bytes == ZCACHE_KEY_TEXT;
}

/* The longest key that a check can ask for. */
static size_t longest(const conform *c)
{
    return c->plugin->key_max != 0 && c->plugin->key_max < 1000 ? c->plugin->key_max : 1000;
}

static void store_by(conform *c, zcache_slice key, const char *text)
{
    zcache_item item = conform_item(key, zcache_str(text), LONG_MS);
    conform_set(c, 1, &item);
    expect_status(ZCACHE_OK, item.status, "set of a key of %zu bytes", key.size);
}

static void expect_by(conform *c, zcache_slice key, const char *text, const char *what)
{
    conform_answer answer;
    conform_get(c, 1, &key, 0, &answer);
    expect_status(ZCACHE_OK, answer.status, "get of %s", what);
    expect(strcmp(answer.data, text) == 0, "%s holds \"%.100s\", which another key was given", what,
           answer.data);
    free(answer.data);
}

/* One key for each byte that may be in it. */
static void every_byte(conform *c)
{
    char name[3] = "<?>", text[16], what[64];
    unsigned first = is_text(c) ? 0x21 : 0, last = is_text(c) ? 0x7e : 255;
    for (unsigned i = first; i <= last; i++) {
        name[1] = (char)i;
        snprintf(text, sizeof(text), "byte %u", i);
        store_by(c, conform_key_of(c, name, 3), text);
    }
    for (unsigned i = first; i <= last; i++) {
        name[1] = (char)i;
        snprintf(text, sizeof(text), "byte %u", i);
        snprintf(what, sizeof(what), "the key with the byte 0x%02x", i);
        expect_by(c, conform_key_of(c, name, 3), text, what);
    }
}

static void not_a_c_string(conform *c)
{
    if (is_text(c))
        conform_skip("it declares ZCACHE_KEY_TEXT: its keys have no NUL");
    store_by(c, conform_key_of(c, "a\0b", 3), "first");
    store_by(c, conform_key_of(c, "a\0c", 3), "second");
    store_by(c, conform_key_of(c, "a", 1), "third");
    store_by(c, conform_key_of(c, "a\0", 2), "fourth");
    expect_by(c, conform_key_of(c, "a\0b", 3), "first", "the key a NUL b");
    expect_by(c, conform_key_of(c, "a\0c", 3), "second", "the key a NUL c");
    expect_by(c, conform_key_of(c, "a", 1), "third", "the key a");
    expect_by(c, conform_key_of(c, "a\0", 2), "fourth", "the key a NUL");
}

static void near_names(conform *c)
{
    static const char *const names[] = {"key",  "kez", "kex", "keyy", "ke",   "Key",  "KEY",
                                        "key ", "yek", "k",   "kk",   "key0", "key00"};
    char text[16];
    size_t count = sizeof(names) / sizeof(names[0]);
    for (size_t i = 0; i < count; i++) {
        if (is_text(c) && strchr(names[i], ' ') != NULL)
            continue;
        snprintf(text, sizeof(text), "of %zu", i);
        store_by(c, conform_key(c, names[i]), text);
    }
    for (size_t i = 0; i < count; i++) {
        if (is_text(c) && strchr(names[i], ' ') != NULL)
            continue;
        snprintf(text, sizeof(text), "of %zu", i);
        expect_by(c, conform_key(c, names[i]), text, names[i]);
    }
}

static void longest_key(conform *c)
{
    char name[1024];
    memset(name, 'k', sizeof(name));
    size_t size = longest(c) - strlen(c->prefix);
    store_by(c, conform_key_of(c, name, size), "longest");
    store_by(c, conform_key_of(c, name, size - 1), "one less");
    name[size - 1] = 'l';
    store_by(c, conform_key_of(c, name, size), "other end");
    name[size - 1] = 'k';
    expect_by(c, conform_key_of(c, name, size), "longest", "the longest key");
    expect_by(c, conform_key_of(c, name, size - 1), "one less", "the key with one byte less");
    name[size - 1] = 'l';
    expect_by(c, conform_key_of(c, name, size), "other end", "the longest key with another end");
}

/* A key may be one byte: the shortest that the library gives. Not of the check's prefix, so only
 * where the store is the check's own. */
static void shortest_key(conform *c)
{
    zcache_slice key = zcache_str("z");
    zcache_status status;
    store_by(c, key, "one byte");
    expect_by(c, key, "one byte", "the key of one byte");
    conform_del(c, 1, &key, &status);
    expect_status(ZCACHE_OK, status, "del of the key of one byte");
}

/* Random keys against what was written last to each. */
static void fuzzed_keys(conform *c)
{
    enum { KEYS = 200 };
    struct {
        char name[80];
        size_t size;
    } keys[KEYS];
    uint64_t random = 4711;
    char text[16];
    for (size_t i = 0; i < KEYS; i++) {
        keys[i].size = 1 + (size_t)(conform_random(&random) % (sizeof(keys[i].name) - 8));
        for (size_t k = 0; k < keys[i].size; k++) {
            unsigned byte = (unsigned)(conform_random(&random) >> 33) & 0xff;
            keys[i].name[k] = (char)(is_text(c) ? 0x21 + byte % (0x7e - 0x21 + 1) : byte);
        }
        /* none twice */
        keys[i].size += (size_t)snprintf(keys[i].name + keys[i].size, 8, "%zu", i);
        snprintf(text, sizeof(text), "random %zu", i);
        store_by(c, conform_key_of(c, keys[i].name, keys[i].size), text);
    }
    for (size_t i = 0; i < KEYS; i++) {
        snprintf(text, sizeof(text), "random %zu", i);
        expect_by(c, conform_key_of(c, keys[i].name, keys[i].size), text, "a random key");
    }
}

static const conform_check checks[] = {
    {"key-bytes", "a key may hold every byte of the declared form", every_byte, 0},
    {"key-nul", "a key is bytes, not a C string", not_a_c_string, 0},
    {"key-near", "keys that differ in case, length or one byte are different keys", near_names, 0},
    {"key-long", "a key may be as long as declared", longest_key, 0},
    {"key-short", "a key may be one byte", shortest_key, NEEDS_EXCLUSIVE},
    {"key-fuzz", "random keys are not confused", fuzzed_keys, 0},
};

CONFORM_GROUP(key);
