/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Compiles only where the headers have the layout that is written down: the plugin ABI, and with
 * LAYOUT_APPLICATION the public API too. With LAYOUT_FROZEN nothing may have grown.
 */
#include <stddef.h>
#include <stdint.h>

#include <zcache/plugin.h>
#ifdef LAYOUT_APPLICATION
#include <zcache/admin.h>
#include <zcache/harness.h>
#include <zcache/table.h>
#include <zcache/zcache.h>
#endif

#ifdef LAYOUT_FROZEN
#define HAS_GROWN(now, then) 0
#else
#define HAS_GROWN(now, then) ((now) > (then))
#endif

#define STRUCT(type, bytes) _Static_assert(sizeof(type) == (bytes), "the size of " #type);
#define GROWING(type, bytes)                                                    \
    _Static_assert(sizeof(type) == (bytes) || HAS_GROWN(sizeof(type), (bytes)), \
                   "the size of " #type);
#define ENUM(type, bytes) _Static_assert(sizeof(type) == (bytes), "the size of " #type);
#define FIELD(type, field, at, bytes)                                     \
    _Static_assert(offsetof(type, field) == (at), "where " #field " is"); \
    _Static_assert(sizeof(((type *)0)->field) == (bytes), "the size of " #field);
#define VALUE(name, number) _Static_assert((name) == (number), #name);
#define LEAST(name, number) _Static_assert((name) == (number) || HAS_GROWN(name, number), #name);

#include "layout-plugin.h"
#ifdef LAYOUT_APPLICATION
#include "layout-application.h"
#endif

/* Variables of every type, so that abidw finds the types in the debugging information. */
#undef STRUCT
#undef GROWING
#undef ENUM
#undef FIELD
#undef VALUE
#undef LEAST
#define STRUCT(type, bytes)        \
    extern const type *one_##type; \
    const type *one_##type;
#define GROWING STRUCT
#define ENUM    STRUCT
#define FIELD(type, field, at, bytes)
#define VALUE(name, number)
#define LEAST(name, number)

#include "layout-plugin.h"
#ifdef LAYOUT_APPLICATION
#include "layout-application.h"
#endif
