/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What the snippets beside it start from. Each snippet, in C and in C++, compiles as it is, and
 * does not compile with -DWRONG: by its one line for that. The compiler must then say what the
 * snippet's `names:` line says, so that the error leads to the field or the type. See
 * tests/compile/compile-fail-test.sh.
 */
#ifndef TESTS_COMPILE_WRONG_SHOP_H
#define TESTS_COMPILE_WRONG_SHOP_H

#include <zcache/table.h>

typedef enum color { RED, GREEN } color;
typedef enum size { SMALL, LARGE } size;

typedef struct address {
    char *street;
} address;

typedef struct user {
    int64_t id;
    char *name;
    address home;
} user;

typedef struct session {
    char *token;
} session;

ZCACHE_ENUM(color, ZC_VALUE(RED, "red"), ZC_VALUE(GREEN, "green"))
ZCACHE_ENUM(size, ZC_VALUE(SMALL, "small"), ZC_VALUE(LARGE, "large"))
ZCACHE_STRUCT(address, ZC_STRING(street))
ZCACHE_STRUCT(user, ZC_I64(id), ZC_STRING(name), ZC_NESTED(home, address))
ZCACHE_STRUCT(session, ZC_STRING(token))
ZCACHE_TABLE(users, user)
ZCACHE_TABLE(sessions, session)

#endif
