/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Typed tables: a table that holds one kind of struct. The right struct is one line, the wrong one
 * a compile error.
 *
 *     typedef struct address { char *street; char city[32]; } address;
 *     typedef struct user {
 *         int64_t id;
 *         char *name;
 *         address home;
 *         char **tags;
 *         size_t ntags;
 *     } user;
 *
 *     ZCACHE_STRUCT(address, ZC_STRING(street), ZC_CHARS(city))
 *     ZCACHE_STRUCT(user, ZC_I64(id), ZC_STRING(name), ZC_NESTED(home, address),
 *                   ZC_ARRAY(tags, ntags, ZC_STRING))
 *     ZCACHE_TABLE(users, user)
 *
 *     users_t users;
 *     user ann = {.id = 7, .name = "Ann"}, found;
 *     users_open(cache, "users", &users, NULL);
 *     users_set(&users, "7", &ann, ZCACHE_WRITE(.ttl_ms = ZCACHE_HOURS(1)));
 *     if (users_get(&users, "7", &found, NULL) == ZCACHE_OK) {
 *         puts(found.name);
 *         user_free(&found);
 *     }
 *
 * In three steps: ZCACHE_STRUCT describes a struct, field by field, once; ZCACHE_TABLE makes a type
 * users_t and the functions of a table of such structs; users_open ties it to a cache. What is not
 * described is not stored, and is 0 after a read.
 *
 * What is stored is the codec's bytes (<zcache/codec.h>): with json and msgpack a map of the
 * fields' names, that any other language reads and writes. A read skips fields that it does not
 * know, and gives those that are missing their defaults, so that programs of two versions share a
 * table. A value that does not fit the struct (another type, a number too large for its field, a
 * text too long, a required field missing) is never cut: it is a miss, counted as cache_undecodable
 * and logged once a table; with `undecodable = error` it is ZCACHE_E_TYPE.
 *
 * Needs C11 or C++17. Everything here is since 1.0.
 */
#ifndef ZCACHE_TABLE_H
#define ZCACHE_TABLE_H

#include <zcache/codec.h>
#include <zcache/zcache.h>

#if !defined(__cplusplus) && __STDC_VERSION__ < 201112L
#error "zcache/table.h needs C11 (-std=c11 or later), for _Generic and _Static_assert"
#endif

/* In C the wrong struct, a constant one where it is written to, or a number for one would be a
 * warning only; gcc made most of these errors in its version 14. Define ZCACHE_KEEP_DIAGNOSTICS
 * before the include to leave your compiler's settings as they are. (With -Wwrite-strings a text in
 * quotes is constant: fields that are to begin as one are `const char *`, which ZC_STRING takes as
 * well.) */
#if !defined(__cplusplus) && defined(__GNUC__) && !defined(ZCACHE_KEEP_DIAGNOSTICS)
#pragma GCC diagnostic error "-Wincompatible-pointer-types"
#pragma GCC diagnostic error "-Wint-conversion"
#ifdef __clang__
#pragma GCC diagnostic error "-Wincompatible-pointer-types-discards-qualifiers"
#else
#pragma GCC diagnostic error "-Wdiscarded-qualifiers"
#endif
#endif

ZCACHE_BEGIN_DECLS

/* Functions that a program may not use, without a warning; and constants in them. In C++ they are
 * hidden, so that two shared objects may each have a `user` of their own. */
#ifdef __cplusplus
#ifdef __GNUC__
#define ZCACHE_INLINE_ inline __attribute__((visibility("hidden"), unused))
#else
#define ZCACHE_INLINE_ inline
#endif
#define ZCACHE_CONSTANT_ static constexpr
#else
#ifdef __GNUC__
#define ZCACHE_INLINE_ static inline __attribute__((unused))
#else
#define ZCACHE_INLINE_ static inline
#endif
#define ZCACHE_CONSTANT_ static const
#endif

/* ---- what a struct looks like ---------------------------------------------------------------- */

/* What a field holds, or each element of it. */
typedef enum zcache_type {
    ZCACHE_TYPE_BOOL = 1,
    ZCACHE_TYPE_I8 = 2,
    ZCACHE_TYPE_I16 = 3,
    ZCACHE_TYPE_I32 = 4,
    ZCACHE_TYPE_I64 = 5,
    ZCACHE_TYPE_U8 = 6,
    ZCACHE_TYPE_U16 = 7,
    ZCACHE_TYPE_U32 = 8,
    ZCACHE_TYPE_U64 = 9,
    ZCACHE_TYPE_FLOAT = 10,
    ZCACHE_TYPE_DOUBLE = 11,
    ZCACHE_TYPE_ENUM = 12,    /* by name */
    ZCACHE_TYPE_STRING = 13,  /* char *, owned; may be NULL */
    ZCACHE_TYPE_CHARS = 14,   /* char[N], terminated */
    ZCACHE_TYPE_BYTES = 15,   /* a pointer, owned, and a size_t */
    ZCACHE_TYPE_NESTED = 16,  /* a struct */
    ZCACHE_TYPE_POINTER = 17, /* to a struct, owned; may be NULL */
    ZCACHE_TYPES
} zcache_type;

typedef enum zcache_shape {
    ZCACHE_SHAPE_ONE = 0,    /* one of it */
    ZCACHE_SHAPE_FIXED = 1,  /* an array in the struct, all of whose elements are stored */
    ZCACHE_SHAPE_COUNTED = 2 /* a pointer, owned, to as many elements as a size_t field says */
} zcache_shape;

/* A value of an enum. */
typedef struct zcache_enum_value {
    const char *name; /* as it is stored */
    int64_t value;
} zcache_enum_value;

typedef struct zcache_enum {
    const char *name;
    size_t count;
    const zcache_enum_value *values;
} zcache_enum;

/* A field, as the ZC_… macros below make it. */
typedef struct zcache_field {
    const char *name;
    zcache_type type;
    zcache_shape shape;
    size_t offset;          /* of the field in its struct */
    size_t size;            /* of one element */
    size_t count;           /* FIXED: elements; COUNTED: offset of the field with their number */
    ptrdiff_t bytes_offset; /* BYTES: from the pointer to the size_t with their number */
    const zcache_struct *(*structure)(void); /* NESTED, POINTER */
    const zcache_enum *(*enumeration)(void); /* ENUM */
    /* Modifiers, all 0 by default. */
    const char *wire_name; /* ZC_AS */
    const char *alias;     /* ZC_ALIAS */
    bool required;         /* ZC_REQUIRED */
    bool has_default;      /* ZC_DEFAULT, and one of these by the type of the field */
    int64_t default_integer;
    double default_real;
    const char *default_text;
} zcache_field;

/* What the values of a table are: a struct, or a field alone (zcache_bytes, a string). */
struct zcache_struct {
    size_t self_size; /* sizeof(zcache_struct) */
    const char *name;
    size_t size;      /* of a value */
    size_t alignment; /* of a value */
    size_t field_count;
    size_t field_size; /* sizeof(zcache_field) when it was compiled */
    const zcache_field *fields;
    bool bare; /* the one field is stored by itself, not as a map */
};

/* ---- describing ------------------------------------------------------------------------------ */

/* Describes a type, which must have a one-word name (a typedef), at file scope, after all that it
 * nests. Defines
 *     const zcache_struct *TYPE_struct(void);
 *     void TYPE_free(TYPE *value);   releases what a read allocated, and zeroes the value. It finds
 *                                    the memory by the first owned pointer that is not NULL: to
 *                                    change a pointer of a value that was read, change it in a copy
 *                                    (`user changed = found; changed.name = "Bob";`)
 *
 * Fields, in any order. A descriptor that does not match its field does not compile.
 *
 *     ZC_BOOL(f)                        bool
 *     ZC_I8(f) … ZC_I64(f)              a signed integer of so many bits
 *     ZC_U8(f) … ZC_U64(f)              an unsigned one
 *     ZC_FLOAT(f) ZC_DOUBLE(f)
 *     ZC_ENUM(f, ENUM)                  an enum that ZCACHE_ENUM describes, stored by its name
 *     ZC_STRING(f)                      char *, UTF-8, may be NULL
 *     ZC_CHARS(f)                       char[N], UTF-8, terminated: at most N - 1 bytes
 *     ZC_BYTES(f, size)                 void * or unsigned char *, and a size_t; may be NULL.
 *                                       In JSON: base64
 *     ZC_NESTED(f, TYPE)                a struct in the struct
 *     ZC_POINTER(f, TYPE)               a pointer to a struct, may be NULL; TYPE may be the struct
 *                                       itself
 *     ZC_FIXED(f, ELEMENT)              an array of fixed length
 *     ZC_ARRAY(f, count, ELEMENT)       a pointer to elements, and their number, a size_t
 *
 * ELEMENT is ZC_I32, ZC_STRING, ZC_CHARS, ZC_BYTES (a zcache_bytes), ZC_NESTED(TYPE),
 * ZC_POINTER(TYPE), ZC_ENUM(ENUM), ….
 *
 * After that, separated by commas, what else is known of a field:
 *
 *     ZC_AS("e-mail")       its name as it is stored, if it is not the field's
 *     ZC_ALIAS("mail")      another name that is read too: the one it had before
 *     ZC_REQUIRED           a value without it is undecodable
 *     ZC_DEFAULT(x)         what it is where it is missing: a number, a bool, an enum's constant, a
 *                           text. Without it: 0, false, NULL, "". Not for arrays, bytes and structs
 *
 * A null that is read is a NULL where the field can be NULL, else as if the field were missing.
 *
 * (Names within these macros end with an underscore, so that they shadow none of the program's.) */
#define ZCACHE_STRUCT(TYPE, ...)                                                           \
    ZCACHE_INLINE_ const zcache_struct *TYPE##_struct(void)                                \
    {                                                                                      \
        typedef TYPE zcache_self;                                                          \
        ZCACHE_CONSTANT_ zcache_field fields_[] = {__VA_ARGS__};                           \
        ZCACHE_CONSTANT_ zcache_struct described_ = {sizeof(zcache_struct),                \
                                                     #TYPE,                                \
                                                     sizeof(TYPE),                         \
                                                     ZCACHE_ALIGNOF_(TYPE),                \
                                                     sizeof(fields_) / sizeof(fields_[0]), \
                                                     sizeof(zcache_field),                 \
                                                     fields_,                              \
                                                     false};                               \
        return &described_;                                                                \
    }                                                                                      \
    ZCACHE_INLINE_ void TYPE##_free(TYPE *value_)                                          \
    {                                                                                      \
        zcache_struct_free(TYPE##_struct(), value_);                                       \
    }                                                                                      \
    ZCACHE_DESCRIBED_(TYPE)

/* Describes an enum, which must have a one-word name (a typedef):
 *
 *     typedef enum color { RED, GREEN } color;
 *     ZCACHE_ENUM(color, ZC_VALUE(RED, "red"), ZC_VALUE(GREEN, "green"))
 *
 * A value without a name cannot be written, and a name without a value cannot be read. */
#define ZCACHE_ENUM(ENUM, ...)                                                                  \
    ZCACHE_INLINE_ const zcache_enum *ENUM##_enum(void)                                         \
    {                                                                                           \
        ZCACHE_CONSTANT_ zcache_enum_value values_[] = {__VA_ARGS__};                           \
        ZCACHE_CONSTANT_ zcache_enum described_ = {#ENUM, sizeof(values_) / sizeof(values_[0]), \
                                                   values_};                                    \
        return &described_;                                                                     \
    }
#define ZC_VALUE(constant, name)  \
    {                             \
        name, (int64_t)(constant) \
    }

#define ZC_BOOL(...)   ZCACHE_ONE_(ZCACHE_TYPE_BOOL, __VA_ARGS__, )
#define ZC_I8(...)     ZCACHE_ONE_(ZCACHE_TYPE_I8, __VA_ARGS__, )
#define ZC_I16(...)    ZCACHE_ONE_(ZCACHE_TYPE_I16, __VA_ARGS__, )
#define ZC_I32(...)    ZCACHE_ONE_(ZCACHE_TYPE_I32, __VA_ARGS__, )
#define ZC_I64(...)    ZCACHE_ONE_(ZCACHE_TYPE_I64, __VA_ARGS__, )
#define ZC_U8(...)     ZCACHE_ONE_(ZCACHE_TYPE_U8, __VA_ARGS__, )
#define ZC_U16(...)    ZCACHE_ONE_(ZCACHE_TYPE_U16, __VA_ARGS__, )
#define ZC_U32(...)    ZCACHE_ONE_(ZCACHE_TYPE_U32, __VA_ARGS__, )
#define ZC_U64(...)    ZCACHE_ONE_(ZCACHE_TYPE_U64, __VA_ARGS__, )
#define ZC_FLOAT(...)  ZCACHE_ONE_(ZCACHE_TYPE_FLOAT, __VA_ARGS__, )
#define ZC_DOUBLE(...) ZCACHE_ONE_(ZCACHE_TYPE_DOUBLE, __VA_ARGS__, )
#define ZC_STRING(...) ZCACHE_ONE_(ZCACHE_TYPE_STRING, __VA_ARGS__, )
#define ZC_CHARS(...)  ZCACHE_ONE_(ZCACHE_TYPE_CHARS, __VA_ARGS__, )

#define ZC_ENUM(f, ...)    ZCACHE_ENUM_(f, __VA_ARGS__, )
#define ZC_NESTED(f, ...)  ZCACHE_NESTED_(f, __VA_ARGS__, )
#define ZC_POINTER(f, ...) ZCACHE_POINTER_(f, __VA_ARGS__, )
#define ZC_BYTES(f, ...)   ZCACHE_BYTES_(f, __VA_ARGS__, )

#define ZC_FIXED(f, ...)        ZCACHE_FIXED_(f, ZCACHE_ELEMENT_##__VA_ARGS__, )
#define ZC_ARRAY(f, count, ...) ZCACHE_COUNTED_(f, count, ZCACHE_ELEMENT_##__VA_ARGS__, )

#ifdef __cplusplus
#define ZC_AS(name)    ::zcache_detail::as(name)
#define ZC_ALIAS(name) ::zcache_detail::alias(name)
#define ZC_REQUIRED    ::zcache_detail::required()
#define ZC_DEFAULT(x)  ::zcache_detail::fallback(x)
#else
#define ZC_AS(name)    .wire_name = (name)
#define ZC_ALIAS(name) .alias = (name)
#define ZC_REQUIRED    .required = true
#define ZC_DEFAULT(x) \
    .has_default = true,                                                                            \
    .default_integer =                                                                              \
        (int64_t)_Generic((x), char *: 0, const char *: 0, float: 0, double: 0, default: (x)),      \
    .default_real = _Generic((x), float: (x), double: (x), default: 0),                             \
    .default_text = _Generic((x), char *: (x), const char *: (x), default: NULL)
#endif

/* ---- values that are not structs ------------------------------------------------------------- */

/* Bytes as they are: the type of `ZCACHE_TABLE(pages, zcache_bytes)`, stored without any encoding
 * by the codec `bytes`. Also an element of arrays. */
typedef struct zcache_bytes {
    const void *data;
    size_t size;
} zcache_bytes;

/* A text: the type of `ZCACHE_TABLE(names, zcache_string)`, stored without any encoding by the
 * codec `string`. Initialise one with `zcache_string greeting = {"hello"};`. */
typedef struct zcache_string {
    const char *text;
} zcache_string;

ZCACHE_PUBLIC const zcache_struct *zcache_bytes_struct(void);
ZCACHE_PUBLIC const zcache_struct *zcache_string_struct(void);

/* Releases what a read allocated for `value`, which is a `type`, and zeroes it. A value that is all
 * zero is nothing to release. Not for values that were not read: see ZCACHE_STRUCT. */
ZCACHE_PUBLIC void zcache_struct_free(const zcache_struct *type, void *value);

ZCACHE_INLINE_ void zcache_bytes_free(zcache_bytes *value)
{
    zcache_struct_free(zcache_bytes_struct(), value);
}

ZCACHE_INLINE_ void zcache_string_free(zcache_string *value)
{
    zcache_struct_free(zcache_string_struct(), value);
}

/* ---- tables ---------------------------------------------------------------------------------- */

/* A table whose values are of one type: what is behind every users_t. It belongs to its cache and
 * ends with it. */
typedef struct zcache_typed zcache_typed;

typedef struct zcache_table_options {
    size_t size;               /* set by the macro */
    const char *serialization; /* the codec; NULL: as configured, else by the type */
    int64_t ttl_ms;            /* of writes that do not say; ZCACHE_TTL_DEFAULT: as configured */
} zcache_table_options;
#define ZCACHE_TABLE_OPTIONS(...) ZCACHE_IN_PLACE_(zcache_table_options, __VA_ARGS__)

/* What the functions of ZCACHE_TABLE are made of, for those who write a layer of their own. Each is
 * as the function of <zcache/zcache.h> that its name tells; `value` is of the type that the table
 * was opened with; a table that is NULL was not opened: ZCACHE_E_INVALID. */
ZCACHE_PUBLIC zcache_status zcache_typed_open(zcache *cache, const char *name,
                                              const zcache_struct *type, zcache_typed **table,
                                              const zcache_table_options *options);
/* The handle of the table, for all that needs no type; NULL, with a message, if it was not opened. */
ZCACHE_PUBLIC zcache *zcache_typed_handle(zcache_typed *table);
ZCACHE_PUBLIC zcache_status zcache_typed_get(zcache_typed *table, const void *key, size_t key_size,
                                             void *value, const zcache_read_options *options);
ZCACHE_PUBLIC zcache_status zcache_typed_set(zcache_typed *table, const void *key, size_t key_size,
                                             const void *value, zcache_set_mode mode, uint64_t cas,
                                             const zcache_write_options *options);
ZCACHE_PUBLIC zcache_status zcache_typed_get_multi(zcache_typed *table, size_t n,
                                                   const char *const keys[], void *values,
                                                   zcache_status statuses[],
                                                   const zcache_read_options *options);
ZCACHE_PUBLIC zcache_status zcache_typed_set_multi(zcache_typed *table, size_t n,
                                                   const char *const keys[], const void *values,
                                                   zcache_status statuses[],
                                                   const zcache_write_options *options);
ZCACHE_PUBLIC zcache_status zcache_typed_get_multi_n(zcache_typed *table, size_t n,
                                                     const zcache_slice keys[], void *values,
                                                     zcache_status statuses[],
                                                     const zcache_read_options *options);
ZCACHE_PUBLIC zcache_status zcache_typed_set_multi_n(zcache_typed *table, size_t n,
                                                     const zcache_slice keys[], const void *values,
                                                     zcache_status statuses[],
                                                     const zcache_write_options *options);

/* Makes the type NAME_t and the functions of a table of TYPE, at file scope:
 *
 *   NAME_open(cache, name, &table, options)   ties `table` to the table `name` of a cache (NULL: the
 *       default one). `options`: ZCACHE_TABLE_OPTIONS(…) or NULL. The table is valid until the cache
 *       is closed, for any number of threads; it may be copied, and opened again.
 *       Errors: ZCACHE_E_CONFIG: there is no such codec, or it cannot hold this type;
 *       ZCACHE_E_INVALID: a name or a descriptor is wrong; ZCACHE_E_PLUGIN: the codec's plugin was
 *       refused.
 *   NAME_get(&table, key, &value, options)    fills `value`, to be released with TYPE_free. On a miss
 *       or an error it is all zero (but where the table was not opened). With `.info` in the options:
 *       TTL and cas token, as asked for.
 *   NAME_set, NAME_add, NAME_replace(&table, key, &value, options)
 *   NAME_cas(&table, key, &value, cas, options)
 *       Writes that fail because the value cannot be stored (a text that is not UTF-8, an enum
 *       without name) fail with ZCACHE_E_INVALID, and the message names the field.
 *   NAME_del, NAME_exists, NAME_touch(&table, key, options), NAME_ttl(&table, key, &ttl_ms, options)
 *   NAME_get_multi(&table, n, keys, values, statuses, options)     values[i] is as after a NAME_get
 *   NAME_set_multi(&table, n, keys, values, statuses, options)
 *   NAME_del_multi(&table, n, keys, statuses, options)
 *   NAME_scan(&table, pattern, each, user, options), NAME_keys(&table, pattern, &list, options)
 *   NAME_clear(&table, options)
 *   NAME_handle(&table)                       the table's `zcache *`, for keys that are not C strings
 *
 * All are as their twins in <zcache/zcache.h>, options and statuses too. */
#define ZCACHE_TABLE(NAME, TYPE)                                                                   \
    typedef struct NAME##_t {                                                                      \
        zcache_typed *typed;                                                                       \
    } NAME##_t;                                                                                    \
    ZCACHE_INLINE_ ZCACHE_MUST_USE zcache_status NAME##_open(                                      \
        zcache *cache_, const char *name_, NAME##_t *table_, const zcache_table_options *options_) \
    {                                                                                              \
        return zcache_typed_open(cache_, name_, (&TYPE##_struct)(), &table_->typed, options_);     \
    }                                                                                              \
    ZCACHE_INLINE_ zcache *NAME##_handle(const NAME##_t *table_)                                   \
    {                                                                                              \
        return zcache_typed_handle(table_->typed);                                                 \
    }                                                                                              \
    ZCACHE_INLINE_ zcache_status NAME##_get(const NAME##_t *table_, const char *key_,              \
                                            TYPE *value_, const zcache_read_options *options_)     \
    {                                                                                              \
        return zcache_typed_get(table_->typed, key_, ZCACHE_KEY_SIZE_(key_), value_, options_);    \
    }                                                                                              \
    ZCACHE_INLINE_ zcache_status NAME##_set(const NAME##_t *table_, const char *key_,              \
                                            const TYPE *value_,                                    \
                                            const zcache_write_options *options_)                  \
    {                                                                                              \
        return zcache_typed_set(table_->typed, key_, ZCACHE_KEY_SIZE_(key_), value_,               \
                                ZCACHE_SET_ALWAYS, 0, options_);                                   \
    }                                                                                              \
    ZCACHE_INLINE_ zcache_status NAME##_add(const NAME##_t *table_, const char *key_,              \
                                            const TYPE *value_,                                    \
                                            const zcache_write_options *options_)                  \
    {                                                                                              \
        return zcache_typed_set(table_->typed, key_, ZCACHE_KEY_SIZE_(key_), value_,               \
                                ZCACHE_SET_ADD, 0, options_);                                      \
    }                                                                                              \
    ZCACHE_INLINE_ zcache_status NAME##_replace(const NAME##_t *table_, const char *key_,          \
                                                const TYPE *value_,                                \
                                                const zcache_write_options *options_)              \
    {                                                                                              \
        return zcache_typed_set(table_->typed, key_, ZCACHE_KEY_SIZE_(key_), value_,               \
                                ZCACHE_SET_REPLACE, 0, options_);                                  \
    }                                                                                              \
    ZCACHE_INLINE_ zcache_status NAME##_cas(const NAME##_t *table_, const char *key_,              \
                                            const TYPE *value_, uint64_t cas_,                     \
                                            const zcache_write_options *options_)                  \
    {                                                                                              \
        return zcache_typed_set(table_->typed, key_, ZCACHE_KEY_SIZE_(key_), value_,               \
                                ZCACHE_SET_CAS, cas_, options_);                                   \
    }                                                                                              \
    ZCACHE_INLINE_ zcache_status NAME##_get_multi(                                                 \
        const NAME##_t *table_, size_t n_, const char *const keys_[], TYPE values_[],              \
        zcache_status statuses_[], const zcache_read_options *options_)                            \
    {                                                                                              \
        return zcache_typed_get_multi(table_->typed, n_, keys_, values_, statuses_, options_);     \
    }                                                                                              \
    ZCACHE_INLINE_ zcache_status NAME##_set_multi(                                                 \
        const NAME##_t *table_, size_t n_, const char *const keys_[], const TYPE values_[],        \
        zcache_status statuses_[], const zcache_write_options *options_)                           \
    {                                                                                              \
        return zcache_typed_set_multi(table_->typed, n_, keys_, values_, statuses_, options_);     \
    }                                                                                              \
    ZCACHE_UNTYPED_(                                                                               \
        NAME, del,                                                                                 \
        (const NAME##_t *table_, const char *key_, const zcache_write_options *options_),          \
        (handle_, key_, options_))                                                                 \
    ZCACHE_UNTYPED_(                                                                               \
        NAME, exists,                                                                              \
        (const NAME##_t *table_, const char *key_, const zcache_read_options *options_),           \
        (handle_, key_, options_))                                                                 \
    ZCACHE_UNTYPED_(NAME, ttl,                                                                     \
                    (const NAME##_t *table_, const char *key_, int64_t *ttl_ms_,                   \
                     const zcache_read_options *options_),                                         \
                    (handle_, key_, ttl_ms_, options_))                                            \
    ZCACHE_UNTYPED_(                                                                               \
        NAME, touch,                                                                               \
        (const NAME##_t *table_, const char *key_, const zcache_write_options *options_),          \
        (handle_, key_, options_))                                                                 \
    ZCACHE_UNTYPED_(NAME, del_multi,                                                               \
                    (const NAME##_t *table_, size_t n_, const char *const keys_[],                 \
                     zcache_status statuses_[], const zcache_write_options *options_),             \
                    (handle_, n_, keys_, statuses_, options_))                                     \
    ZCACHE_UNTYPED_(NAME, scan,                                                                    \
                    (const NAME##_t *table_, const char *pattern_, zcache_scan_fn *each_,          \
                     void *user_, const zcache_scan_options *options_),                            \
                    (handle_, pattern_, each_, user_, options_))                                   \
    ZCACHE_UNTYPED_(NAME, keys,                                                                    \
                    (const NAME##_t *table_, const char *pattern_, zcache_key_list *list_,         \
                     const zcache_scan_options *options_),                                         \
                    (handle_, pattern_, list_, options_))                                          \
    ZCACHE_UNTYPED_(NAME, clear, (const NAME##_t *table_, const zcache_scan_options *options_),    \
                    (handle_, options_))

/* ---- internal: what the macros above are made of --------------------------------------------- */

#define ZCACHE_KEY_SIZE_(key) ((key) != NULL ? strlen(key) : 0)

#define ZCACHE_UNTYPED_(NAME, operation, parameters, arguments)                   \
    ZCACHE_INLINE_ zcache_status NAME##_##operation parameters                    \
    {                                                                             \
        zcache *handle_ = zcache_typed_handle(table_->typed);                     \
        return handle_ != NULL ? zcache_##operation arguments : ZCACHE_E_INVALID; \
    }

/* Elements of arrays: type, C type for the check, and where that is described. */
#define ZCACHE_ELEMENT_ZC_BOOL       ZCACHE_TYPE_BOOL, void, NULL, NULL
#define ZCACHE_ELEMENT_ZC_I8         ZCACHE_TYPE_I8, void, NULL, NULL
#define ZCACHE_ELEMENT_ZC_I16        ZCACHE_TYPE_I16, void, NULL, NULL
#define ZCACHE_ELEMENT_ZC_I32        ZCACHE_TYPE_I32, void, NULL, NULL
#define ZCACHE_ELEMENT_ZC_I64        ZCACHE_TYPE_I64, void, NULL, NULL
#define ZCACHE_ELEMENT_ZC_U8         ZCACHE_TYPE_U8, void, NULL, NULL
#define ZCACHE_ELEMENT_ZC_U16        ZCACHE_TYPE_U16, void, NULL, NULL
#define ZCACHE_ELEMENT_ZC_U32        ZCACHE_TYPE_U32, void, NULL, NULL
#define ZCACHE_ELEMENT_ZC_U64        ZCACHE_TYPE_U64, void, NULL, NULL
#define ZCACHE_ELEMENT_ZC_FLOAT      ZCACHE_TYPE_FLOAT, void, NULL, NULL
#define ZCACHE_ELEMENT_ZC_DOUBLE     ZCACHE_TYPE_DOUBLE, void, NULL, NULL
#define ZCACHE_ELEMENT_ZC_STRING     ZCACHE_TYPE_STRING, void, NULL, NULL
#define ZCACHE_ELEMENT_ZC_CHARS      ZCACHE_TYPE_CHARS, void, NULL, NULL
#define ZCACHE_ELEMENT_ZC_BYTES      ZCACHE_TYPE_BYTES, void, NULL, NULL
#define ZCACHE_ELEMENT_ZC_ENUM(E)    ZCACHE_TYPE_ENUM, E, NULL, E##_enum
#define ZCACHE_ELEMENT_ZC_NESTED(T)  ZCACHE_TYPE_NESTED, T, T##_struct, NULL
#define ZCACHE_ELEMENT_ZC_POINTER(T) ZCACHE_TYPE_POINTER, T, T##_struct, NULL

/* A member of the struct that is being described; never evaluated. */
#define ZCACHE_MEMBER_(f) (((zcache_self *)0)->f)

#define ZCACHE_ONE_(type, f, ...)                                                                  \
    ZCACHE_FIELD_(#f, type, ZCACHE_SHAPE_ONE, offsetof(zcache_self, f), sizeof(ZCACHE_MEMBER_(f)), \
                  0, 0, NULL, NULL,                                                                \
                  ZCACHE_CHECK_(#f, #type, ZCACHE_IS_##type(&ZCACHE_MEMBER_(f), void)),            \
                  __VA_ARGS__)
#define ZCACHE_ENUM_(f, E, ...)                                                                   \
    ZCACHE_FIELD_(                                                                                \
        #f, ZCACHE_TYPE_ENUM, ZCACHE_SHAPE_ONE, offsetof(zcache_self, f),                         \
        sizeof(ZCACHE_MEMBER_(f)), 0, 0, NULL, E##_enum,                                          \
        ZCACHE_CHECK_(#f, "ZCACHE_TYPE_ENUM", ZCACHE_IS_ZCACHE_TYPE_ENUM(&ZCACHE_MEMBER_(f), E)), \
        __VA_ARGS__)
#define ZCACHE_NESTED_(f, T, ...)                                                     \
    ZCACHE_FIELD_(#f, ZCACHE_TYPE_NESTED, ZCACHE_SHAPE_ONE, offsetof(zcache_self, f), \
                  sizeof(ZCACHE_MEMBER_(f)), 0, 0, T##_struct, NULL,                  \
                  ZCACHE_CHECK_(#f, "ZCACHE_TYPE_NESTED",                             \
                                ZCACHE_IS_ZCACHE_TYPE_NESTED(&ZCACHE_MEMBER_(f), T)), \
                  __VA_ARGS__)
#define ZCACHE_POINTER_(f, T, ...)                                                     \
    ZCACHE_FIELD_(#f, ZCACHE_TYPE_POINTER, ZCACHE_SHAPE_ONE, offsetof(zcache_self, f), \
                  sizeof(ZCACHE_MEMBER_(f)), 0, 0, T##_struct, NULL,                   \
                  ZCACHE_CHECK_(#f, "ZCACHE_TYPE_POINTER",                             \
                                ZCACHE_IS_ZCACHE_TYPE_POINTER(&ZCACHE_MEMBER_(f), T)), \
                  __VA_ARGS__)
#define ZCACHE_BYTES_(f, bytes, ...)                                                             \
    ZCACHE_FIELD_(#f, ZCACHE_TYPE_BYTES, ZCACHE_SHAPE_ONE, offsetof(zcache_self, f),             \
                  sizeof(ZCACHE_MEMBER_(f)), 0,                                                  \
                  (ptrdiff_t)offsetof(zcache_self, bytes) - (ptrdiff_t)offsetof(zcache_self, f), \
                  NULL, NULL,                                                                    \
                  ZCACHE_CHECK_(#f, "ZCACHE_TYPE_BYTES", ZCACHE_IS_DATA_(&ZCACHE_MEMBER_(f))) +  \
                      ZCACHE_CHECK_SIZE_(bytes),                                                 \
                  __VA_ARGS__)

/* One more step, so that the element's four parts are arguments of their own. */
#define ZCACHE_FIXED_(...)   ZCACHE_FIXED_OF_(__VA_ARGS__)
#define ZCACHE_COUNTED_(...) ZCACHE_COUNTED_OF_(__VA_ARGS__)
#define ZCACHE_FIXED_OF_(f, type, T, structure, enumeration, ...)                \
    ZCACHE_FIELD_(#f, type, ZCACHE_SHAPE_FIXED, offsetof(zcache_self, f),        \
                  sizeof(ZCACHE_MEMBER_(f)[0]),                                  \
                  sizeof(ZCACHE_MEMBER_(f)) / sizeof(ZCACHE_MEMBER_(f)[0]),      \
                  offsetof(zcache_bytes, size), structure, enumeration,          \
                  ZCACHE_CHECK_(#f, #type,                                       \
                                ZCACHE_IS_ARRAY_(ZCACHE_MEMBER_(f)) &&           \
                                    ZCACHE_IS_##type(&ZCACHE_MEMBER_(f)[0], T)), \
                  __VA_ARGS__)
#define ZCACHE_COUNTED_OF_(f, number, type, T, structure, enumeration, ...)       \
    ZCACHE_FIELD_(#f, type, ZCACHE_SHAPE_COUNTED, offsetof(zcache_self, f),       \
                  sizeof(ZCACHE_MEMBER_(f)[0]), offsetof(zcache_self, number),    \
                  offsetof(zcache_bytes, size), structure, enumeration,           \
                  ZCACHE_CHECK_(#f, #type,                                        \
                                !ZCACHE_IS_ARRAY_(ZCACHE_MEMBER_(f)) &&           \
                                    ZCACHE_IS_##type(&ZCACHE_MEMBER_(f)[0], T)) + \
                      ZCACHE_CHECK_SIZE_(number),                                 \
                  __VA_ARGS__)

#ifndef __cplusplus

#define ZCACHE_ALIGNOF_(TYPE)   _Alignof(TYPE)
#define ZCACHE_DESCRIBED_(TYPE) /* C++ only */

/* `check` is 0, or does not compile. */
#define ZCACHE_FIELD_(name_, type_, shape_, offset_, size_, count_, bytes_, structure_,  \
                      enumeration_, check_, ...)                                         \
    {                                                                                    \
        .name = name_, .type = type_, .shape = shape_, .offset = (offset_) + (check_),   \
        .size = size_, .count = count_, .bytes_offset = bytes_, .structure = structure_, \
        .enumeration = enumeration_, __VA_ARGS__                                         \
    }
#define ZCACHE_CHECK_(f, type, condition)                                               \
    (0 * sizeof(struct {                                                                \
         _Static_assert(condition, "zcache: the type of the field " f " is not " type); \
         char unused;                                                                   \
     }))

/* A field that counts others. */
#define ZCACHE_CHECK_SIZE_(f) ZCACHE_CHECK_(#f, "size_t", ZCACHE_IS_SIZE_(&ZCACHE_MEMBER_(f)))

/* Whether a pointer points to what a descriptor says. */
#define ZCACHE_IS_ZCACHE_TYPE_BOOL(p, T) _Generic((p), bool * : 1, default : 0)
#define ZCACHE_IS_ZCACHE_TYPE_I8(p, T)   _Generic((p), signed char * : 1, default : 0)
#define ZCACHE_IS_ZCACHE_TYPE_U8(p, T)   _Generic((p), unsigned char * : 1, default : 0)
#define ZCACHE_IS_ZCACHE_TYPE_I16(p, T)  ZCACHE_IS_SIGNED_(p, 2)
#define ZCACHE_IS_ZCACHE_TYPE_I32(p, T)  ZCACHE_IS_SIGNED_(p, 4)
#define ZCACHE_IS_ZCACHE_TYPE_I64(p, T)  ZCACHE_IS_SIGNED_(p, 8)
#define ZCACHE_IS_ZCACHE_TYPE_U16(p, T)  ZCACHE_IS_UNSIGNED_(p, 2)
#define ZCACHE_IS_ZCACHE_TYPE_U32(p, T)  ZCACHE_IS_UNSIGNED_(p, 4)
#define ZCACHE_IS_ZCACHE_TYPE_U64(p, T)  ZCACHE_IS_UNSIGNED_(p, 8)
#define ZCACHE_IS_SIGNED_(p, bytes)                                                     \
    (_Generic((p), short * : 1, int * : 1, long * : 1, long long * : 1, default : 0) && \
     sizeof(*(p)) == (bytes))
#define ZCACHE_IS_UNSIGNED_(p, bytes)                                             \
    (_Generic((p), unsigned short * : 1, unsigned int * : 1, unsigned long * : 1, \
              unsigned long long * : 1, default : 0) &&                           \
     sizeof(*(p)) == (bytes))
#define ZCACHE_IS_ZCACHE_TYPE_FLOAT(p, T)  _Generic((p), float * : 1, default : 0)
#define ZCACHE_IS_ZCACHE_TYPE_DOUBLE(p, T) _Generic((p), double * : 1, default : 0)
#define ZCACHE_IS_ZCACHE_TYPE_ENUM(p, T)   _Generic((p), T * : 1, default : 0)
#define ZCACHE_IS_ZCACHE_TYPE_STRING(p, T) \
    _Generic((p), char ** : 1, const char ** : 1, default : 0)
#define ZCACHE_IS_ZCACHE_TYPE_CHARS(p, T)   _Generic((p), char(*)[sizeof(*(p))] : 1, default : 0)
#define ZCACHE_IS_ZCACHE_TYPE_BYTES(p, T)   _Generic((p), zcache_bytes * : 1, default : 0)
#define ZCACHE_IS_ZCACHE_TYPE_NESTED(p, T)  _Generic((p), T * : 1, default : 0)
#define ZCACHE_IS_ZCACHE_TYPE_POINTER(p, T) _Generic((p), T * * : 1, const T ** : 1, default : 0)
#define ZCACHE_IS_SIZE_(p)                  _Generic((p), size_t * : 1, default : 0)
#define ZCACHE_IS_DATA_(p)                                              \
    _Generic((p), void ** : 1, const void ** : 1, unsigned char ** : 1, \
             const unsigned char ** : 1, char ** : 1, const char ** : 1, default : 0)
#ifdef __GNUC__
#define ZCACHE_IS_ARRAY_(m) (!__builtin_types_compatible_p(__typeof__(m), __typeof__(&(m)[0])))
#else
#define ZCACHE_IS_ARRAY_(m) 1
#endif

#endif /* !__cplusplus */

ZCACHE_END_DECLS

#ifdef __cplusplus
#include <zcache/table-cpp.h>
#endif

#endif /* ZCACHE_TABLE_H */
