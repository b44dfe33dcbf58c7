/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * zcache shell: each line is what a run of the program would be, on one open cache. A person's
 * lines are edited; a script's are read as they come, and its errors tell the line.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

static cli_exit run_line(cli_program *cli, const char *line, size_t size)
{
    while (size > 0 && (line[size - 1] == '\n' || line[size - 1] == '\r'))
        size--;
    zcache_slice *words;
    size_t count;
    const char *wrong = cli_split(line, size, &words, &count);
    if (wrong != NULL)
        return cli_usage_error(cli, NULL, "%s", wrong);
    cli_exit result = count > 0 ? cli_run(cli, words, count) : CLI_DONE;
    free(words);
    cli_exit flushed = cli_flush(cli);
    if (flushed != CLI_DONE)
        cli->quit = true; /* nobody will see what comes */
    return cli_worse(result, flushed);
}

/* A person saw each result: the status of the shell tells only whether it worked itself. */
static cli_exit run_for_person(cli_program *cli)
{
    cli_editor *editor = cli_editor_open(cli);
    if (editor == NULL)
        return cli_no_memory(cli);
    while (!cli->quit) {
        const char *line;
        size_t size;
        cli_line got = cli_editor_read(editor, &line, &size);
        if (got == CLI_LINE)
            run_line(cli, line, size);
        else if (got == CLI_LINE_END)
            cli->quit = true;
    }
    cli_editor_close(editor);
    return cli->broken ? CLI_FAILED : CLI_DONE;
}

static cli_exit run_script(cli_program *cli)
{
    char *line = NULL;
    size_t capacity = 0;
    ssize_t size;
    cli_exit worst = CLI_DONE;
    while (!cli->quit && (size = getline(&line, &capacity, stdin)) >= 0) {
        cli->line++;
        cli_exit result = run_line(cli, line, (size_t)size);
        if (result > CLI_NO)
            worst = cli_worse(worst, result);
    }
    int error = errno;
    cli->line = 0;
    if (!cli->quit && !feof(stdin)) {
        cli_message(cli, "cannot read standard input: %s", strerror(error));
        worst = cli_worse(worst, CLI_FAILED);
    }
    free(line);
    return worst;
}

cli_exit cli_shell(cli_program *cli, const cli_arguments *arguments)
{
    (void)arguments;
    cli->in_shell = true;
    bool person = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    cli_exit result = person ? run_for_person(cli) : run_script(cli);
    cli->in_shell = false;
    return result;
}

cli_exit cli_shell_exit(cli_program *cli, const cli_arguments *arguments)
{
    (void)arguments;
    cli->quit = true;
    return CLI_DONE;
}

cli_exit cli_shell_table(cli_program *cli, const cli_arguments *arguments)
{
    const char *name = NULL;
    if (arguments->count > 0) {
        name = cli_operand_text(cli, arguments, 0);
        if (name == NULL)
            return CLI_USAGE;
    }
    return cli_session_table(cli, name);
}
