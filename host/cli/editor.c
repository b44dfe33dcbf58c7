/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A person's lines: libedit where we have it, else a prompt and the terminal's own editing. History
 * is kept in memory only, for values may be secret. Ctrl-C abandons the line while it is typed;
 * while a command runs it ends the program, as elsewhere.
 */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef HAVE_LIBEDIT
#include <histedit.h>
#endif

#include "cli.h"

struct cli_editor {
    cli_program *cli;
    char prompt[160];
#ifdef HAVE_LIBEDIT
    EditLine *edit;
    History *history;
#else
    char *line;
    size_t capacity;
#endif
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal_number)
{
    (void)signal_number;
    interrupted = 1;
}

/* "zcache redis/users> " */
static void make_prompt(cli_editor *editor)
{
    cli_program *cli = editor->cli;
    char provider[ZCACHE_NAME_SIZE];
    if (zcache_provider(cli->root, provider, sizeof(provider)) != ZCACHE_OK)
        provider[0] = '\0';
    snprintf(editor->prompt, sizeof(editor->prompt), "zcache %s%s%s> ", provider,
             cli->table_name[0] != '\0' ? "/" : "", cli->table_name);
}

static void greet(cli_program *cli)
{
    char provider[ZCACHE_NAME_SIZE];
    if (zcache_provider(cli->root, provider, sizeof(provider)) == ZCACHE_OK)
        cli_print(cli, "zcache %s on %s; `help` lists the commands, Ctrl-D leaves.\n",
                  zcache_version(), provider);
    cli_flush(cli);
}

#ifdef HAVE_LIBEDIT

#define HISTORY_LINES 1000

static char *tell_prompt(EditLine *edit)
{
    cli_editor *editor = NULL;
    el_get(edit, EL_CLIENTDATA, &editor);
    return editor->prompt;
}

/* ---- completion ------------------------------------------------------------------------------ */

typedef struct candidates {
    char **texts;
    size_t count;
} candidates;

static void keep_candidate(void *user, const char *candidate)
{
    candidates *kept = user;
    char **texts = realloc(kept->texts, (kept->count + 1) * sizeof(*texts));
    if (texts == NULL)
        return;
    kept->texts = texts;
    texts[kept->count] = strdup(candidate);
    if (texts[kept->count] != NULL)
        kept->count++;
}

/* The words up to the cursor, of which the last, possibly empty, is being typed. */
static zcache_slice *words_before_cursor(const LineInfo *line, size_t *count)
{
    size_t size = (size_t)(line->cursor - line->buffer);
    zcache_slice *words;
    if (cli_split(line->buffer, size, &words, count) != NULL)
        return NULL;
    if (size == 0 || line->cursor[-1] == ' ' || line->cursor[-1] == '\t')
        words[(*count)++] = zcache_str("");
    return words;
}

/* How many bytes all candidates begin with. */
static size_t common_size(const candidates *kept)
{
    size_t size = strlen(kept->texts[0]);
    for (size_t i = 1; i < kept->count; i++)
        for (size_t j = 0; j < size; j++)
            if (kept->texts[i][j] != kept->texts[0][j])
                size = j;
    return size;
}

static unsigned char insert_candidate(EditLine *edit, const candidates *kept, size_t typed)
{
    size_t common = common_size(kept);
    char *text = kept->texts[0];
    if (kept->count > 1 && common == typed) {
        printf("\n");
        for (size_t i = 0; i < kept->count; i++)
            printf("%s%s", i > 0 ? "  " : "", kept->texts[i]);
        printf("\n");
        fflush(stdout);
        return CC_REDISPLAY;
    }
    text[common] = '\0';
    if (el_insertstr(edit, text + typed) != 0)
        return CC_ERROR;
    if (kept->count == 1 && text[common - 1] != '=')
        el_insertstr(edit, " ");
    return CC_REFRESH;
}

static unsigned char complete_word(EditLine *edit, int key)
{
    (void)key;
    cli_editor *editor = NULL;
    el_get(edit, EL_CLIENTDATA, &editor);
    size_t count = 0;
    zcache_slice *words = words_before_cursor(el_line(edit), &count);
    if (words == NULL || count == 0) {
        free(words);
        return CC_ERROR;
    }
    candidates kept = {NULL, 0};
    cli_complete_each(editor->cli, words, count, keep_candidate, &kept);
    unsigned char answer = CC_ERROR;
    if (kept.count > 0 && strcmp(kept.texts[0], ":file:") != 0)
        answer = insert_candidate(edit, &kept, words[count - 1].size);
    for (size_t i = 0; i < kept.count; i++)
        free(kept.texts[i]);
    free(kept.texts);
    free(words);
    return answer;
}

/* ---- reading --------------------------------------------------------------------------------- */

cli_editor *cli_editor_open(cli_program *cli)
{
    setlocale(LC_CTYPE, ""); /* libedit counts columns by it */
    cli_editor *editor = calloc(1, sizeof(*editor));
    if (editor == NULL)
        return NULL;
    editor->cli = cli;
    editor->edit = el_init("zcache", stdin, stdout, stderr);
    editor->history = history_init();
    if (editor->edit == NULL || editor->history == NULL) {
        cli_editor_close(editor);
        return NULL;
    }
    HistEvent event;
    history(editor->history, &event, H_SETSIZE, HISTORY_LINES);
    history(editor->history, &event, H_SETUNIQUE, 1);
    el_set(editor->edit, EL_CLIENTDATA, editor);
    el_set(editor->edit, EL_PROMPT, tell_prompt);
    el_set(editor->edit, EL_EDITOR, "emacs");
    el_set(editor->edit, EL_SIGNAL, 1);
    el_set(editor->edit, EL_HIST, history, editor->history);
    el_set(editor->edit, EL_ADDFN, "zcache-complete", "complete the word", complete_word);
    el_set(editor->edit, EL_BIND, "^I", "zcache-complete", NULL);
    el_set(editor->edit, EL_BIND, "^R", "em-inc-search-prev", NULL);
    el_source(editor->edit, NULL);
    greet(cli);
    return editor;
}

void cli_editor_close(cli_editor *editor)
{
    if (editor->edit != NULL)
        el_end(editor->edit);
    if (editor->history != NULL)
        history_end(editor->history);
    free(editor);
}

static const char *read_line(cli_editor *editor, int *size)
{
    const char *line = el_gets(editor->edit, size);
    if (line == NULL || *size <= 0)
        return NULL;
    HistEvent event;
    if (strspn(line, " \t\r\n") < (size_t)*size)
        history(editor->history, &event, H_ENTER, line);
    return line;
}

static void abandon_line(cli_editor *editor)
{
    el_reset(editor->edit);
}

#else /* no libedit: the terminal driver edits */

cli_editor *cli_editor_open(cli_program *cli)
{
    cli_editor *editor = calloc(1, sizeof(*editor));
    if (editor == NULL)
        return NULL;
    editor->cli = cli;
    greet(cli);
    return editor;
}

void cli_editor_close(cli_editor *editor)
{
    free(editor->line);
    free(editor);
}

static const char *read_line(cli_editor *editor, int *size)
{
    printf("%s", editor->prompt);
    fflush(stdout);
    *size = (int)getline(&editor->line, &editor->capacity, stdin);
    return *size > 0 ? editor->line : NULL;
}

static void abandon_line(cli_editor *editor)
{
    (void)editor;
    clearerr(stdin);
}

#endif

cli_line cli_editor_read(cli_editor *editor, const char **line, size_t *size)
{
    make_prompt(editor);
    struct sigaction abandon = {.sa_handler = on_interrupt}; /* without SA_RESTART */
    struct sigaction before;
    interrupted = 0;
    sigaction(SIGINT, &abandon, &before);
    int length = 0;
    *line = read_line(editor, &length);
    sigaction(SIGINT, &before, NULL);
    if (*line != NULL) {
        *size = (size_t)length;
        return CLI_LINE;
    }
    printf("\n");
    if (!interrupted)
        return CLI_LINE_END;
    abandon_line(editor);
    return CLI_LINE_ABANDONED;
}
