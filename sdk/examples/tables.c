/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Typed tables: users, sessions and products of a shop in one cache, on whatever provider is
 * configured. To run it on another:
 *
 *     ZCACHE_PROVIDER=redis REDIS_URL=redis://127.0.0.1:6379 ./tables
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <zcache/table.h>

typedef struct user {
    int64_t id;
    const char *name;
    char email[64];
} user;

typedef struct session {
    const char *user;
    int64_t logins;
} session;

typedef struct product {
    const char *name;
    double price;
    const char **tags;
    size_t ntags;
} product;

ZCACHE_STRUCT(user, ZC_I64(id), ZC_STRING(name), ZC_CHARS(email, ZC_AS("e-mail")))
ZCACHE_STRUCT(session, ZC_STRING(user), ZC_I64(logins))
ZCACHE_STRUCT(product, ZC_STRING(name), ZC_DOUBLE(price), ZC_ARRAY(tags, ntags, ZC_STRING))

ZCACHE_TABLE(users, user)
ZCACHE_TABLE(sessions, session)
ZCACHE_TABLE(products, product)

/* Ends the program on an error. A miss is none. */
static void check(zcache_status status)
{
    if (status < ZCACHE_OK) {
        fprintf(stderr, "tables: %s\n", zcache_error_message());
        exit(1);
    }
}

int main(void)
{
    users_t users;
    sessions_t sessions;
    products_t products;
    check(users_open(NULL, "users", &users, NULL));
    check(sessions_open(NULL, "sessions", &sessions, NULL));
    check(products_open(NULL, "products", &products, NULL));

    /* A user for an hour, and back. */
    user ann = {.id = 7, .name = "Ann", .email = "ann@example.com"}, found;
    check(users_set(&users, "7", &ann, ZCACHE_WRITE(.ttl_ms = ZCACHE_HOURS(1))));
    check(users_get(&users, "7", &found, NULL));
    printf("user %" PRId64 " is %s <%s>\n", found.id, found.name, found.email);
    user_free(&found);

    /* A session for thirty seconds, and how long it still has. */
    session login = {.user = "7", .logins = 1};
    int64_t ttl_ms;
    check(sessions_set(&sessions, "s1", &login, ZCACHE_WRITE(.ttl_ms = ZCACHE_SECONDS(30))));
    check(sessions_ttl(&sessions, "s1", &ttl_ms, NULL));
    printf("the session ends within %s\n", ttl_ms <= 32000 ? "32 s" : "too long a time");

    /* Several products at once, in one round trip each way; the last one is not there. */
    const char *keys[] = {"apple", "pear", "plum"};
    const char *tags[] = {"fruit", "red"};
    product fruit[] = {{"Apple", 0.5, tags, 2}, {"Pear", 0.75, tags, 1}}, stock[3];
    zcache_status statuses[3];
    check(products_set_multi(&products, 2, keys, fruit, NULL, NULL));
    check(products_get_multi(&products, 3, keys, stock, statuses, NULL));
    for (int i = 0; i < 3; i++) {
        if (statuses[i] == ZCACHE_OK)
            printf("%s costs %.2f, %zu tags\n", stock[i].name, stock[i].price, stock[i].ntags);
        else
            printf("%s: %s\n", keys[i], zcache_status_text(statuses[i]));
        product_free(&stock[i]);
    }

    /* The keys of a table by a pattern; and away with all of it. */
    zcache_key_list list = ZCACHE_KEY_LIST_INIT;
    check(products_keys(&products, "p*", &list, NULL));
    printf("%zu key begins with p: %s\n", list.count, (const char *)list.keys[0].data);
    zcache_key_list_free(&list);
    check(products_clear(&products, NULL));
    printf("after the clear: %s\n", zcache_status_text(products_exists(&products, "pear", NULL)));

    check(users_clear(&users, NULL));
    check(sessions_clear(&sessions, NULL));
    check(zcache_close(NULL));
    return 0;
}
