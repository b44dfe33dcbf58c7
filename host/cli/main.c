/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The zcache command: gets and sets keys of whatever cache is configured, and shows plugins and
 * configuration. One run is one line for cli_run(), as each line of `zcache shell` is.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

/* Takes descriptors 0 to 2 if the caller closed them: otherwise a connection to a server would get
 * such a number, and results would be written to the server. Using one then fails, and is reported,
 * as if it were closed. */
static bool claim_standard_descriptors(void)
{
    for (int descriptor = 0; descriptor <= STDERR_FILENO; descriptor++) {
        if (fcntl(descriptor, F_GETFD) >= 0 || errno != EBADF)
            continue;
        int flags = descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY;
        if (open("/dev/null", flags) != descriptor)
            return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    if (!claim_standard_descriptors())
        return CLI_FAILED;
    /* A reader that is gone is a write error like any other: reported, with a status of ours. */
    signal(SIGPIPE, SIG_IGN);

    cli_program cli = {0};
    size_t count = argc > 0 ? (size_t)argc - 1 : 0;
    zcache_slice *words = calloc(count + 1, sizeof(*words));
    if (words == NULL)
        return cli_no_memory(&cli);
    for (size_t i = 0; i < count; i++)
        words[i] = zcache_str(argv[i + 1]);

    cli_exit result = cli_run(&cli, words, count);
    cli_session_close(&cli);
    cli_exit flushed = cli_flush(&cli);
    free(words);
    return cli_worse(result, flushed);
}
