/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The first program of README.md, word for word.
 */
#include <stdio.h>
#include <zcache/zcache.h>

int main(void)
{
    zcache_value value = ZCACHE_VALUE_INIT;

    /* NULL names the default cache: configured from the environment, memory if nothing is. */
    if (zcache_set(NULL, "greeting", "hello", 5, ZCACHE_WRITE(.ttl_ms = ZCACHE_MINUTES(5))) < 0 ||
        zcache_get(NULL, "greeting", &value, NULL) < 0) {
        fprintf(stderr, "first: %s\n", zcache_error_message());
        return 1;
    }
    printf("%s\n", value.data == NULL ? "gone already" : (char *)value.data);
    zcache_value_free(&value);
    return zcache_close(NULL) == ZCACHE_OK ? 0 : 1;
}
