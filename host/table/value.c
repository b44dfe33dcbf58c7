/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * One value of a typed table: encoded, decoded, freed.
 *
 * All memory of a decoded value is one block. How much it takes is known only when it has been
 * decoded, so it is decoded into a block of a likely size, and once more into a larger one if that
 * was too small. In front of each piece of the block stands where the block begins
 * (ZCACHE_BLOCK_MARK in codec.h), so that any pointer in the struct leads to it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/allocator.h"
#include "base/error.h"
#include "core/operation.h"
#include "table/typed.h"

/* What a decoded value may take at most: bytes of a backend must not make a process grow at will. */
#define BLOCK_MAX ((size_t)1 << 28)

/* Of a block, so that a short last text is copied as quickly as others (zc_text_copy_32). */
#define BLOCK_SPARE 32

/* ---- encoding -------------------------------------------------------------------------------- */

static bool grow(zcache_buffer *buffer, size_t more)
{
    if (more > SIZE_MAX / 4 - buffer->size)
        return false;
    size_t capacity = buffer->capacity < 128 ? 256 : buffer->capacity * 2;
    if (capacity < buffer->size + more)
        capacity = buffer->size + more;
    unsigned char *data = zc_realloc(buffer->data, capacity);
    if (data == NULL)
        return false;
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

zcache_buffer zc_buffer_over(void *memory, size_t capacity)
{
    return (zcache_buffer){.data = memory, .capacity = capacity, .grow = grow, .error = zc_error};
}

zcache_status zc_typed_encode(zcache_typed *table, const void *value, zcache_buffer *buffer)
{
    if (value == NULL)
        return zc_error(ZCACHE_E_INVALID, "table %s: the value is NULL", table->handle->name);
    const zc_codec *codec = &atomic_load_explicit(&table->codec, memory_order_acquire)->codec;
    zcache_status status = codec->encode(codec->custom, table->plan, value, buffer);
    if (status == ZCACHE_OK)
        return ZCACHE_OK;
    if (status == ZCACHE_E_NOMEM)
        return zc_error_nomem();
    zc_error_prefix("table %s: cannot be written as %s: ", table->handle->name, codec->name);
    return ZCACHE_E_INVALID;
}

/* ---- decoding -------------------------------------------------------------------------------- */

static const void *pointer_at(const char *at)
{
    const void *pointer;
    memcpy(&pointer, at, sizeof(pointer));
    return pointer;
}

static const void *find_piece(const zcache_struct *type, const char *value);

static bool is_pointer(zcache_type type)
{
    return type == ZCACHE_TYPE_STRING || type == ZCACHE_TYPE_BYTES || type == ZCACHE_TYPE_POINTER;
}

/* Any piece that the elements of an array in the struct lead to, or a struct in it. */
static __attribute__((noinline)) const void *find_in_elements(const zcache_field *field,
                                                              const char *at)
{
    size_t count = field->shape == ZCACHE_SHAPE_FIXED ? field->count : 1;
    const void *piece = NULL;
    for (size_t i = 0; piece == NULL && i < count; i++, at += field->size)
        piece = is_pointer(field->type) ? pointer_at(at) : find_piece(field->structure(), at);
    return piece;
}

/* Any piece of the value's block: the first owned pointer that is not NULL. */
static const void *find_piece(const zcache_struct *type, const char *value)
{
    const char *next = (const char *)type->fields;
    for (size_t left = type->field_count; left > 0; left--, next += type->field_size) {
        const zcache_field *field = (const zcache_field *)(const void *)next;
        const void *piece = NULL;
        if (field->shape == ZCACHE_SHAPE_COUNTED)
            piece = pointer_at(value + field->offset);
        else if (is_pointer(field->type) && field->shape == ZCACHE_SHAPE_ONE)
            piece = pointer_at(value + field->offset);
        else if (is_pointer(field->type) || field->type == ZCACHE_TYPE_NESTED)
            piece = find_in_elements(field, value + field->offset);
        if (piece != NULL)
            return piece;
    }
    return NULL;
}

/* As find_piece, which it calls where the first pointer is not found among plain fields. */
static inline const void *find_piece_quickly(const zcache_struct *type, const char *value)
{
    const char *next = (const char *)type->fields;
    for (size_t left = type->field_count; left > 0; left--, next += type->field_size) {
        const zcache_field *field = (const zcache_field *)(const void *)next;
        if (field->shape != ZCACHE_SHAPE_ONE || field->type > ZCACHE_TYPE_STRING)
            break;
        const void *piece =
            field->type == ZCACHE_TYPE_STRING ? pointer_at(value + field->offset) : NULL;
        if (piece != NULL)
            return piece;
    }
    return find_piece(type, value);
}

/* Before any value was decoded: each field may be a text, which has a mark. */
static __attribute__((noinline)) size_t first_size(const zc_plan *plan, size_t encoded)
{
    return plan->owns ? encoded + 2 * ZCACHE_BLOCK_MARK * plan->field_count + 64 : 0;
}

/* How large a block the value will want: values of a table are alike, so it takes as much more than
 * its bytes, or less, as the one before it that took most. But one strange value makes no other
 * take more than twice its bytes. */
static inline size_t likely_size(const zcache_typed *table, size_t encoded)
{
    ptrdiff_t extra = atomic_load_explicit(&table->block_extra, memory_order_relaxed);
    ptrdiff_t bytes = (ptrdiff_t)encoded;
    if (__builtin_expect(extra == 0 || extra > bytes || extra <= -bytes, 0))
        return first_size(table->plan, encoded);
    return (size_t)(bytes + extra) + BLOCK_SPARE;
}

static inline void note_size(zcache_typed *table, size_t encoded, size_t used)
{
    ptrdiff_t extra = (ptrdiff_t)used - (ptrdiff_t)encoded;
    ptrdiff_t known = atomic_load_explicit(&table->block_extra, memory_order_relaxed);
    if (__builtin_expect(extra <= known && known != 0, 1))
        return;
    if (extra == 0)
        extra = 1; /* 0 is that nothing is known */
    atomic_store_explicit(&table->block_extra, extra, memory_order_relaxed);
}

/* Mostly its first pointer does. */
static bool leads_to_block(const zc_plan *plan, const char *value)
{
    return (plan->first_pointer != SIZE_MAX && pointer_at(value + plan->first_pointer) != NULL) ||
           find_piece(plan->type, value) != NULL;
}

/* Decodes into a block of `capacity` bytes. ZCACHE_E_NOMEM, and `*wanted` above it: it is too
 * small. */
static inline zcache_status decode_into(zcache_typed *table, const zc_codec *codec,
                                        zcache_slice bytes, void *value, size_t capacity,
                                        size_t *wanted)
{
    zcache_block block = {.capacity = capacity, .error = zc_error};
    zcache_status status = ZCACHE_E_NOMEM;
    if (capacity == 0 || (block.base = zc_alloc(capacity)) != NULL)
        status = codec->decode(codec->custom, table->plan, bytes, value, &block);
    *wanted = block.wanted;
    if (__builtin_expect(status != ZCACHE_OK, 0)) {
        zc_free(block.base);
        memset(value, 0, table->plan->size);
    } else if (block.used > 0) {
        note_size(table, bytes.size, block.used);
        /* A field that came twice may have had memory only the first time. */
        if (!leads_to_block(table->plan, value))
            zc_free(block.base);
    } else {
        zc_free(block.base);
    }
    return status;
}

/* Once more, as the first block was too small; `wanted` tells what it should have been at least. */
static __attribute__((noinline)) zcache_status decode_again(zcache_typed *table,
                                                            const zc_codec *codec,
                                                            zcache_slice bytes, void *value,
                                                            size_t capacity, size_t wanted)
{
    zcache_status status = ZCACHE_E_NOMEM;
    while (status == ZCACHE_E_NOMEM && wanted > capacity) {
        capacity = wanted > 2 * capacity ? wanted : 2 * capacity;
        if (capacity > BLOCK_MAX)
            return zc_error(ZCACHE_E_TYPE, "decoded it would take more than %zu bytes", BLOCK_MAX);
        status = decode_into(table, codec, bytes, value, capacity, &wanted);
    }
    return status;
}

/* Counts a value that was read but is no value of this type, tells of the first of a table, and
 * chooses the status. The message is there. */
static zcache_status undecodable(zcache_typed *table, zcache_slice key)
{
    char reason[ZC_ERROR_MAX];
    snprintf(reason, sizeof(reason), "%s", zc_error_text());
    zc_operation operation;
    zcache_status status = zc_operation_begin(&operation, table->handle, 0, 0);
    if (status != ZCACHE_OK)
        return status;
    zc_operation_count(&operation, ZC_UNDECODABLE, 1);
    bool is_error =
        zc_config_cache(operation.generation->config)->undecodable == ZC_UNDECODABLE_ERROR;
    if (!is_error) { /* the read below was a hit */
        zc_operation_count(&operation, ZC_HITS, (uint64_t)-1);
        zc_operation_count(&operation, ZC_MISSES, 1);
    }
    zc_operation_end(&operation);
    int key_size = key.size < 80 ? (int)key.size : 80;
    zc_error(ZCACHE_E_TYPE, "table %s, key \"%.*s\": no %s: %s", table->handle->name, key_size,
             (const char *)key.data, table->plan->name, reason);
    if (is_error)
        return ZCACHE_E_TYPE;
    if (!atomic_exchange_explicit(&table->told, true, memory_order_relaxed))
        zc_log_write(&table->handle->cache->log, ZCACHE_LOG_WARNING,
                     "%s; it is taken for a miss, as are others, of which only the statistic "
                     "cache_undecodable will tell",
                     zc_error_text());
    return ZCACHE_MISS;
}

/* Puts the fence behind what was read; false: memory is short. */
static inline bool put_fence(zcache_value *bytes)
{
    if (__builtin_expect(bytes->capacity - bytes->size < ZC_FENCE, 0)) {
        void *data = zc_realloc(bytes->data, bytes->size + ZC_FENCE);
        if (data == NULL)
            return false;
        bytes->data = data;
        bytes->capacity = bytes->size + ZC_FENCE;
    }
    memset((char *)bytes->data + bytes->size, ZC_FENCE_BYTE, ZC_FENCE);
    return true;
}

zcache_status zc_typed_decode(zcache_typed *table, zcache_slice key, zcache_value *read,
                              void *value)
{
    if (!put_fence(read)) {
        memset(value, 0, table->plan->size);
        return zc_error_nomem();
    }
    const zcache_slice bytes = zcache_bytes_of(read->data, read->size);
    const zc_codec *codec = &atomic_load_explicit(&table->codec, memory_order_acquire)->codec;
    size_t capacity = likely_size(table, bytes.size), wanted;
    zcache_status status = decode_into(table, codec, bytes, value, capacity, &wanted);
    if (__builtin_expect(status == ZCACHE_OK, 1))
        return ZCACHE_OK;
    if (status == ZCACHE_E_NOMEM)
        status = decode_again(table, codec, bytes, value, capacity, wanted);
    if (status == ZCACHE_OK)
        return ZCACHE_OK;
    if (status == ZCACHE_E_NOMEM)
        return zc_error_nomem();
    return undecodable(table, key);
}

/* ---- freeing --------------------------------------------------------------------------------- */

ZCACHE_PUBLIC void zcache_struct_free(const zcache_struct *type, void *value)
{
    if (value == NULL)
        return;
    const char *piece = find_piece_quickly(type, value);
    if (piece != NULL) {
        uint32_t mark[2];
        memcpy(mark, piece - ZCACHE_BLOCK_MARK, sizeof(mark));
        if (mark[1] != zcache_block_check(piece, mark[0])) {
            fprintf(stderr,
                    "zcache: %s_free: the first pointer in it is not what a read put there: change "
                    "pointers of a value in a copy of it, and free only what was read\n",
                    type->name);
            abort();
        }
        zc_free((void *)((uintptr_t)piece - mark[0]));
    }
    memset(value, 0, type->size);
}
