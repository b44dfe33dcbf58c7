/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A side whose provider takes any bytes is called straight through; for one that takes text, keys
 * are encoded into memory that lives as long as the call.
 */
#include "swap/side.h"

#include <string.h>

#include "base/allocator.h"
#include "base/error.h"
#include "core/operation.h"

zc_side zc_side_of(const zc_generation *generation)
{
    return (zc_side){.layer = &generation->top,
                     .text_keys = generation->text_keys,
                     .name = zc_generation_provider(generation)->descriptor->name};
}

/* ---- keys in the form of a side -------------------------------------------------------------- */

typedef struct side_keys {
    const zcache_slice *keys;
    void *memory;
} side_keys;

static zcache_status keys_for(const zc_side *side, size_t n, const zcache_slice keys[],
                              side_keys *made)
{
    *made = (side_keys){.keys = keys};
    if (!side->text_keys)
        return ZCACHE_OK;
    size_t bytes = 0;
    for (size_t i = 0; i < n; i++)
        bytes += 3 * keys[i].size;
    zcache_slice *encoded = zc_alloc(n * sizeof(*encoded) + bytes);
    if (encoded == NULL)
        return zc_error_nomem();
    char *out = (char *)(encoded + n);
    for (size_t i = 0; i < n; i++) {
        size_t size = zc_key_encode(keys[i].data, keys[i].size, out);
        encoded[i] = (zcache_slice){out, size};
        out += size;
    }
    *made = (side_keys){.keys = encoded, .memory = encoded};
    return ZCACHE_OK;
}

/* ---- operations ------------------------------------------------------------------------------ */

zcache_status zc_side_get(const zc_side *side, const zcache_call *call, size_t n,
                          const zcache_slice keys[], zcache_sink *sink)
{
    side_keys made;
    zcache_status status = keys_for(side, n, keys, &made);
    if (status != ZCACHE_OK)
        return status;
    status = side->layer->get.call(side->layer->get.self, call, n, made.keys, sink);
    zc_free(made.memory);
    return status;
}

/* Passes hits on without their value: a peek made of a get. */
typedef struct blind_sink {
    zcache_sink sink; /* first: the provider gives its address back */
    zcache_sink *above;
} blind_sink;

static void blind_hit(zcache_sink *sink, size_t i, zcache_slice value, const zcache_meta *meta)
{
    (void)value;
    zcache_sink *above = ((blind_sink *)sink)->above;
    above->hit(above, i, (zcache_slice){NULL, 0}, meta);
}

static void blind_fail(zcache_sink *sink, size_t i, zcache_status status)
{
    zcache_sink *above = ((blind_sink *)sink)->above;
    above->fail(above, i, status);
}

zcache_status zc_side_peek(const zc_side *side, const zcache_call *call, size_t n,
                           const zcache_slice keys[], zcache_sink *sink)
{
    if (side->layer->peek.call == NULL) {
        blind_sink blind = {.sink = {.hit = blind_hit, .fail = blind_fail}, .above = sink};
        zcache_call with_ttl = *call;
        with_ttl.flags |= ZCACHE_CALL_TTL;
        return zc_side_get(side, &with_ttl, n, keys, &blind.sink);
    }
    side_keys made;
    zcache_status status = keys_for(side, n, keys, &made);
    if (status != ZCACHE_OK)
        return status;
    status = side->layer->peek.call(side->layer->peek.self, call, n, made.keys, sink);
    zc_free(made.memory);
    return status;
}

zcache_status zc_side_set(const zc_side *side, const zcache_call *call, size_t n,
                          zcache_item items[])
{
    const zcache_layer *layer = side->layer;
    if (!side->text_keys)
        return layer->set.call(layer->set.self, call, n, items);
    size_t bytes = 0;
    for (size_t i = 0; i < n; i++)
        bytes += 3 * items[i].key.size;
    zcache_item *encoded = zc_alloc(n * sizeof(*encoded) + bytes);
    if (encoded == NULL)
        return zc_error_nomem();
    char *out = (char *)(encoded + n);
    for (size_t i = 0; i < n; i++) {
        encoded[i] = items[i];
        encoded[i].key.data = out;
        encoded[i].key.size = zc_key_encode(items[i].key.data, items[i].key.size, out);
        out += encoded[i].key.size;
    }
    zcache_status status = layer->set.call(layer->set.self, call, n, encoded);
    for (size_t i = 0; i < n; i++)
        items[i].status = encoded[i].status;
    zc_free(encoded);
    return status;
}

zcache_status zc_side_del(const zc_side *side, const zcache_call *call, size_t n,
                          const zcache_slice keys[], zcache_status status_of[])
{
    side_keys made;
    zcache_status status = keys_for(side, n, keys, &made);
    if (status != ZCACHE_OK)
        return status;
    status = side->layer->del.call(side->layer->del.self, call, n, made.keys, status_of);
    zc_free(made.memory);
    return status;
}

static zcache_status unsupported(const zc_side *side, const char *op)
{
    return zc_error(ZCACHE_E_NOTSUP, "the provider %s does not support %s", side->name, op);
}

zcache_status zc_side_touch(const zc_side *side, const zcache_call *call, size_t n,
                            const zcache_slice keys[], int64_t ttl_ms, zcache_status status_of[])
{
    if (side->layer->touch.call == NULL)
        return unsupported(side, "touch");
    side_keys made;
    zcache_status status = keys_for(side, n, keys, &made);
    if (status != ZCACHE_OK)
        return status;
    status =
        side->layer->touch.call(side->layer->touch.self, call, n, made.keys, ttl_ms, status_of);
    zc_free(made.memory);
    return status;
}

zcache_status zc_side_incr(const zc_side *side, const zcache_call *call, size_t n,
                           zcache_increment increments[])
{
    const zcache_layer *layer = side->layer;
    if (layer->incr.call == NULL)
        return unsupported(side, "incr");
    if (!side->text_keys)
        return layer->incr.call(layer->incr.self, call, n, increments);
    size_t bytes = 0;
    for (size_t i = 0; i < n; i++)
        bytes += 3 * increments[i].key.size;
    zcache_increment *encoded = zc_alloc(n * sizeof(*encoded) + bytes);
    if (encoded == NULL)
        return zc_error_nomem();
    char *out = (char *)(encoded + n);
    for (size_t i = 0; i < n; i++) {
        encoded[i] = increments[i];
        encoded[i].key.data = out;
        encoded[i].key.size = zc_key_encode(increments[i].key.data, increments[i].key.size, out);
        out += encoded[i].key.size;
    }
    zcache_status status = layer->incr.call(layer->incr.self, call, n, encoded);
    for (size_t i = 0; i < n; i++) {
        increments[i].status = encoded[i].status;
        increments[i].result = encoded[i].result;
    }
    zc_free(encoded);
    return status;
}

/* Gives keys back as they are. */
typedef struct decoding_sink {
    zcache_scan_sink sink; /* first: the provider gives its address back */
    zcache_scan_sink *above;
} decoding_sink;

static bool decoded_key(zcache_scan_sink *sink, zcache_slice key, const zcache_meta *meta)
{
    zcache_scan_sink *above = ((decoding_sink *)sink)->above;
    char buffer[ZC_KEY_MAX];
    zcache_slice decoded = {.data = buffer};
    if (key.size > sizeof(buffer) || !zc_key_decode(key.data, key.size, buffer, &decoded.size))
        return true; /* not written by us */
    return above->key(above, decoded, meta);
}

zcache_status zc_side_scan(const zc_side *side, const zcache_call *call, zcache_slice prefix,
                           zcache_scan_sink *sink)
{
    const zcache_layer *layer = side->layer;
    if (layer->scan.call == NULL)
        return unsupported(side, "scan");
    if (!side->text_keys)
        return layer->scan.call(layer->scan.self, call, prefix, sink);
    side_keys made;
    zcache_status status = keys_for(side, 1, &prefix, &made);
    if (status != ZCACHE_OK)
        return status;
    decoding_sink decoding = {.sink = {.key = decoded_key}, .above = sink};
    status = layer->scan.call(layer->scan.self, call, made.keys[0], &decoding.sink);
    zc_free(made.memory);
    return status;
}

zcache_status zc_side_clear(const zc_side *side, const zcache_call *call, zcache_slice prefix)
{
    if (side->layer->clear.call == NULL && side->layer->scan.call == NULL)
        return unsupported(side, "clear");
    return zc_layer_clear(side->layer, call, prefix);
}

/* ---- entries --------------------------------------------------------------------------------- */

typedef struct entries_sink {
    zcache_sink sink; /* first: the provider gives its address back */
    zc_entries *entries;
} entries_sink;

static bool reserve_bytes(zc_entries *entries, size_t size)
{
    if (entries->bytes_capacity - entries->used >= size)
        return true;
    size_t capacity = 2 * entries->bytes_capacity + size + 4096;
    char *bytes = zc_realloc(entries->bytes, capacity);
    if (bytes == NULL)
        return false;
    entries->bytes = bytes;
    entries->bytes_capacity = capacity;
    return true;
}

/* The bytes may still move: until the read is over a value's place is kept as an offset in `cas`.
 */
static void entries_hit(zcache_sink *sink, size_t i, zcache_slice value, const zcache_meta *meta)
{
    zc_entries *entries = ((entries_sink *)sink)->entries;
    if (entries->found[i])
        return;
    if (!reserve_bytes(entries, value.size)) {
        entries->failure = zc_error_nomem();
        return;
    }
    if (value.size > 0)
        memcpy(entries->bytes + entries->used, value.data, value.size);
    entries->found[i] = true;
    entries->items[entries->count++] =
        (zcache_item){.key = entries->keys[i],
                      .value = {NULL, value.size},
                      .ttl_ms = meta != NULL ? meta->ttl_ms : ZCACHE_TTL_UNKNOWN,
                      .cas = entries->used,
                      .mode = ZCACHE_SET_ALWAYS,
                      .status = ZC_STATUS_UNSET};
    entries->used += value.size;
}

static void entries_fail(zcache_sink *sink, size_t i, zcache_status status)
{
    (void)i;
    ((entries_sink *)sink)->entries->failure = status < ZCACHE_OK ? status : ZCACHE_E_INTERNAL;
}

static bool reserve_entries(zc_entries *entries, size_t n)
{
    if (n > entries->capacity) {
        zcache_item *items = zc_realloc(entries->items, n * sizeof(*items));
        if (items == NULL)
            return false;
        entries->items = items;
        entries->capacity = n;
    }
    if (n > entries->found_capacity) {
        bool *found = zc_realloc(entries->found, n * sizeof(*found));
        if (found == NULL)
            return false;
        entries->found = found;
        entries->found_capacity = n;
    }
    return true;
}

zcache_status zc_entries_read(zc_entries *entries, const zc_side *side, const zcache_call *call,
                              size_t n, const zcache_slice keys[])
{
    if (!reserve_entries(entries, n))
        return zc_error_nomem();
    memset(entries->found, 0, n * sizeof(*entries->found));
    entries->count = 0;
    entries->used = 0;
    entries->keys = keys;
    entries->failure = ZCACHE_OK;
    entries_sink sink = {.sink = {.hit = entries_hit, .fail = entries_fail}, .entries = entries};
    zcache_call with_ttl = *call;
    with_ttl.flags = ZCACHE_CALL_TTL;
    zcache_status status = zc_side_get(side, &with_ttl, n, keys, &sink.sink);
    if (status == ZCACHE_OK)
        status = entries->failure;
    for (size_t i = 0; i < entries->count; i++) {
        zcache_item *item = &entries->items[i];
        item->value.data = item->value.size > 0 ? entries->bytes + item->cas : NULL;
        item->cas = 0;
        if (item->ttl_ms == ZCACHE_TTL_UNKNOWN && status == ZCACHE_OK)
            status = zc_error(ZCACHE_E_NOTSUP,
                              "the provider %s does not tell how long its entries live, so they "
                              "cannot be copied",
                              side->name);
    }
    return status;
}

void zc_entries_free(zc_entries *entries)
{
    zc_free(entries->items);
    zc_free(entries->found);
    zc_free(entries->bytes);
    *entries = (zc_entries){0};
}
