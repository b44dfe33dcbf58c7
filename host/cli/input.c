/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A value from standard input: any bytes, read no further than one byte past the limit.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

cli_exit cli_read_input(cli_program *cli, size_t limit, char **data, size_t *size)
{
    size_t capacity = 0;
    char *buffer = NULL;
    size_t used = 0;
    for (;;) {
        if (used == capacity) {
            capacity = capacity > 0 ? capacity * 2 : 65536;
            if (capacity > limit + 1)
                capacity = limit + 1;
            char *larger = realloc(buffer, capacity);
            if (larger == NULL) {
                free(buffer);
                return cli_no_memory(cli);
            }
            buffer = larger;
        }
        ssize_t got = read(STDIN_FILENO, buffer + used, capacity - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            cli_message(cli, "cannot read standard input: %s", strerror(errno));
            free(buffer);
            return CLI_FAILED;
        }
        used += (size_t)got;
        if (got == 0)
            break;
        if (used > limit) {
            free(buffer);
            cli_message(cli,
                        "the value on standard input is larger than max_value_size (%zu bytes); "
                        "nothing was stored",
                        limit);
            return CLI_USAGE;
        }
    }
    *data = buffer;
    *size = used;
    return CLI_DONE;
}
