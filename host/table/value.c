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

/* Any piece of the value's block: the first owned pointer that is not NULL. */
static const void *find_piece(const zcache_struct *type, const char *value)
{
    for (size_t i = 0; i < type->field_count; i++) {
        const zcache_field *field =
            (const zcache_field *)(const void *)((const char *)type->fields + i * type->field_size);
        const char *at = value + field->offset;
        bool is_array = field->shape == ZCACHE_SHAPE_FIXED;
        const void *piece = NULL;
        if (field->shape == ZCACHE_SHAPE_COUNTED) {
            piece = pointer_at(at);
        } else if (field->type == ZCACHE_TYPE_STRING || field->type == ZCACHE_TYPE_BYTES ||
                   field->type == ZCACHE_TYPE_POINTER) {
            for (size_t k = 0; piece == NULL && k < (is_array ? field->count : 1); k++)
                piece = pointer_at(at + k * field->size);
        } else if (field->type == ZCACHE_TYPE_NESTED) {
            for (size_t k = 0; piece == NULL && k < (is_array ? field->count : 1); k++)
                piece = find_piece(field->structure(), at + k * field->size);
        }
        if (piece != NULL)
            return piece;
    }
    return NULL;
}

/* Strings take about as much in the block as in any encoding; each has a mark. */
static size_t likely_size(const zc_plan *plan, size_t encoded)
{
    return plan->owns ? encoded + 2 * ZCACHE_BLOCK_MARK * plan->field_count + 64 : 0;
}

/* Mostly its first pointer does. */
static bool leads_to_block(const zc_plan *plan, const char *value)
{
    return (plan->first_pointer != SIZE_MAX && pointer_at(value + plan->first_pointer) != NULL) ||
           find_piece(plan->type, value) != NULL;
}

static zcache_status decode(zcache_typed *table, const zc_codec *codec, zcache_slice bytes,
                            void *value)
{
    const zc_plan *plan = table->plan;
    zcache_status status;
    for (size_t capacity = likely_size(plan, bytes.size);;) {
        zcache_block block = {.capacity = capacity, .error = zc_error};
        if (capacity > 0 && (block.base = zc_alloc(capacity)) == NULL)
            status = zc_error_nomem();
        else
            status = codec->decode(codec->custom, plan, bytes, value, &block);
        if (status == ZCACHE_OK) {
            /* A field that came twice may have had memory only the first time. */
            if (block.used == 0 || !leads_to_block(plan, value))
                zc_free(block.base);
            return ZCACHE_OK;
        }
        zc_free(block.base);
        memset(value, 0, plan->size);
        if (status != ZCACHE_E_NOMEM || block.wanted <= capacity)
            return status;
        capacity = block.wanted > 2 * capacity ? block.wanted : 2 * capacity;
        if (capacity > BLOCK_MAX)
            return zc_error(ZCACHE_E_TYPE, "decoded it would take more than %zu bytes", BLOCK_MAX);
    }
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

zcache_status zc_typed_decode(zcache_typed *table, zcache_slice key, zcache_slice bytes,
                              void *value)
{
    const zc_codec *codec = &atomic_load_explicit(&table->codec, memory_order_acquire)->codec;
    zcache_status status = decode(table, codec, bytes, value);
    if (__builtin_expect(status == ZCACHE_OK, 1))
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
    const char *piece = find_piece(type, value);
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
