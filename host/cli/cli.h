/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What the files of the zcache command share. One table (commands.c) says what each command is
 * called, takes and does; dispatch, `--help`, the shell and completion are all driven by it. Like
 * any program of an application, the command sees nothing but the public headers.
 *
 * Results go to standard output, and with --json each command writes one JSON document on a line.
 * Messages go to standard error and begin with "zcache: ".
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdint.h>
#include <stdio.h>
#include <zcache/admin.h>
#include <zcache/zcache.h>

/* ---- exit statuses --------------------------------------------------------------------------- */

typedef enum cli_exit {
    CLI_DONE = 0,
    CLI_NO = 1,     /* a miss, or false */
    CLI_USAGE = 2,  /* the command line, a key or a value cannot be used */
    CLI_FAILED = 3, /* the backend failed or timed out, or a result could not be written */
    CLI_REFUSED = 4 /* the configuration or a plugin was refused */
} cli_exit;

/* The exit status for what the library returned. */
cli_exit cli_exit_of(zcache_status status);

/* The worse of two: an error wins over a "no", which wins over done. */
cli_exit cli_worse(cli_exit one, cli_exit other);

/* ---- options --------------------------------------------------------------------------------- */

typedef enum cli_option_id {
    CLI_OPTION_CONFIG,
    CLI_OPTION_PROVIDER,
    CLI_OPTION_TABLE,
    CLI_OPTION_SETTING,
    CLI_OPTION_JSON,
    CLI_OPTION_TTL,
    CLI_OPTION_ADD,
    CLI_OPTION_REPLACE,
    CLI_OPTION_SOCKET,
    CLI_OPTION_ALL,
    CLI_OPTION_MODE,
    CLI_OPTION_RATE,
    CLI_OPTION_VERIFY,
    CLI_OPTION_WAIT,
    CLI_OPTION_ONLY,
    CLI_OPTION_REPORT,
    CLI_OPTION_JOBS,
    CLI_OPTION_EMBEDDED,
    CLI_OPTION_EXCLUSIVE,
    CLI_OPTION_STOP_BACKEND,
    CLI_OPTION_RESUME_BACKEND,
    CLI_OPTION_VERSION,
    CLI_OPTION_HELP,
    CLI_OPTION_COUNT
} cli_option_id;

#define CLI_BIT(name) (UINT32_C(1) << CLI_OPTION_##name)

/* Options that every command takes; those that open a cache have no place on a shell's line. */
#define CLI_OPENING_OPTIONS (CLI_BIT(CONFIG) | CLI_BIT(PROVIDER) | CLI_BIT(SETTING))
#define CLI_COMMON_OPTIONS  (CLI_BIT(TABLE) | CLI_BIT(JSON) | CLI_BIT(HELP))

typedef struct cli_option {
    const char *name;     /* "--table" */
    const char *letter;   /* "-t", or NULL */
    const char *argument; /* what its argument is called, or NULL: it takes none */
    const char *help;
} cli_option;

extern const cli_option cli_options[CLI_OPTION_COUNT];

/* A command line, taken apart. Everything is borrowed from the words but the two arrays. */
typedef struct cli_arguments {
    zcache_slice *operands; /* owned; each followed by a 0 byte */
    size_t count;
    const char **settings; /* owned; ends with NULL */
    size_t setting_count;
    uint32_t given; /* CLI_BIT of each option that is there */
    const char *config_file;
    const char *provider;
    const char *table;
    int64_t ttl_ms; /* ZCACHE_TTL_DEFAULT without --ttl */
    const char *socket;
    const char *mode; /* "cold" or "copy" */
    int64_t rate;
    const char *only;   /* a glob */
    const char *report; /* a file */
    int64_t jobs;       /* 1 without --jobs */
    const char *stop_backend;
    const char *resume_backend;
} cli_arguments;

/* ---- the command table ----------------------------------------------------------------------- */

typedef struct cli_program cli_program;

#define CLI_NEEDS_CACHE  1U /* the cache is opened before it runs */
#define CLI_SHELL_ONLY   2U
#define CLI_NOT_IN_SHELL 4U
#define CLI_HIDDEN       8U /* neither in help nor in completion */

/* What an operand is, for completion. */
typedef enum cli_operand {
    CLI_OPERAND_BYTES, /* a key, a value, a pattern: unknown to us */
    CLI_OPERAND_PLUGIN,
    CLI_OPERAND_PROVIDER,
    CLI_OPERAND_FILE,
    CLI_OPERAND_NEW, /* a name that nobody has yet, then a directory */
    CLI_OPERAND_LOG_LEVEL,
    CLI_OPERAND_SETTING, /* of a plugin */
    CLI_OPERAND_COMMAND
} cli_operand;

typedef struct cli_command {
    const char *name;    /* one word, or two: "plugin list" */
    const char *usage;   /* its operands, then its own options, for people */
    const char *summary; /* half a line */
    const char *help;    /* a paragraph or more; lines end with \n */
    uint32_t options;    /* CLI_BIT of those it has beside the common ones */
    unsigned flags;
    size_t min, max; /* number of operands */
    cli_operand operand;
    cli_exit (*run)(cli_program *cli, const cli_arguments *arguments);
} cli_command;

extern const cli_command cli_commands[];
extern const size_t cli_command_count;

/* The command that the first words name; *used is the number of words in its name. NULL: none. */
const cli_command *cli_command_find(const zcache_slice words[], size_t count, size_t *used);

/* Whether `command` can be used, and is shown, where we are. */
bool cli_command_shown(const cli_program *cli, const cli_command *command);

/* The options that `command` takes where we are. */
uint32_t cli_command_options(const cli_program *cli, const cli_command *command);

/* ---- the running program --------------------------------------------------------------------- */

#define CLI_TABLE_NAME_SIZE 65

struct cli_program {
    /* how the cache is opened: from the command line, for the life of the program */
    const char *config_file;
    const char *provider;
    const char *table;
    const char *const *settings;

    zcache *root;                         /* the open cache; NULL before */
    zcache *cache;                        /* the table or cache that commands work on */
    char table_name[CLI_TABLE_NAME_SIZE]; /* of that table; "" for all of the cache */

    FILE *file;      /* where output goes; NULL: standard output */
    bool json;       /* this line asked for JSON, or the command line did */
    bool json_comma; /* the next value of the document needs a comma before it */
    bool in_shell;
    bool quit;          /* the shell was told to end */
    bool broken;        /* standard output failed, and that was said */
    unsigned long line; /* of the script that the shell reads; 0: a person types */
};

/* Takes the words apart. Errors are reported: CLI_USAGE or CLI_FAILED. */
cli_exit cli_arguments_parse(cli_program *cli, const zcache_slice words[], size_t count,
                             cli_arguments *arguments);
void cli_arguments_free(cli_arguments *arguments);

/* The option of that spelling, "-t" or "--table"; CLI_OPTION_COUNT: none. */
cli_option_id cli_option_find(const char *spelling, size_t size);

/* Operand i as a C string; NULL, after a usage error, if it holds a 0 byte. */
const char *cli_operand_text(cli_program *cli, const cli_arguments *arguments, size_t i);

/* Runs one command line: the program's, or one of the shell. */
cli_exit cli_run(cli_program *cli, const zcache_slice words[], size_t count);

/* ---- the cache (session.c) ------------------------------------------------------------------- */

/* Opens the cache as the command line says, and its table; nothing if it is open. */
cli_exit cli_session_open(cli_program *cli);
void cli_session_close(cli_program *cli);

/* Selects a table of the open cache; NULL: all of it. */
cli_exit cli_session_table(cli_program *cli, const char *name);

/* Where the configuration comes from, and what the command line lays over it. */
zcache_source cli_session_source(const cli_program *cli);
zcache_options cli_session_options(const cli_program *cli);

/* Copies the open cache's setting `[section] key` into `value`; "" if there is none. */
cli_exit cli_session_setting(cli_program *cli, const char *section, const char *key, char *value,
                             size_t size);

/* ---- messages (message.c) -------------------------------------------------------------------- */

/* A line on standard error: "zcache: …", with the line number of a script. */
void cli_message(cli_program *cli, const char *format, ...) ZCACHE_PRINTF(2, 3);

/* Reports what the library returned: an error with its message, a "no" in silence. */
cli_exit cli_report(cli_program *cli, zcache_status status);

/* Says what is wrong with the command line, and where help is; CLI_USAGE. `command` may be NULL. */
cli_exit cli_usage_error(cli_program *cli, const cli_command *command, const char *format, ...)
    ZCACHE_PRINTF(3, 4);

cli_exit cli_no_memory(cli_program *cli);

/* Of `count` names, the one that `word` was most likely meant to be; NULL if none is near. */
const char *cli_nearest(const char *word, const char *const names[], size_t count);

/* ---- standard output (output.c, json.c, table.c) --------------------------------------------- */

/* Write errors are kept and reported by cli_flush. */
void cli_write(cli_program *cli, const void *data, size_t size);
void cli_print(cli_program *cli, const char *format, ...) ZCACHE_PRINTF(2, 3);

/* Writes bytes so that they stay on one line and mean one thing: \xHH for what is not printable
 * UTF-8, and \\ for a backslash. Shells read it back as $'…' or with printf %b. */
void cli_write_escaped(cli_program *cli, zcache_slice bytes);

/* A value as the shell shows it: as it is, or without control characters on a terminal. */
void cli_write_value(cli_program *cli, zcache_slice value);

/* Sends what was written. CLI_FAILED if any of it was lost; said once. */
cli_exit cli_flush(cli_program *cli);

/* The length of the printable UTF-8 character at `text`; 0: it is none. */
size_t cli_printable(const unsigned char *text, size_t size);

/* The length of the well-formed UTF-8 character at `text`; 0: it is none. */
size_t cli_utf8(const unsigned char *text, size_t size);

/* JSON, written as it is told; commas come by themselves. */
void cli_json_begin(cli_program *cli, char bracket);
void cli_json_end(cli_program *cli, char bracket);
void cli_json_name(cli_program *cli, const char *name);
/* A string; bytes that are not UTF-8: {"base64": "…"}. */
void cli_json_bytes(cli_program *cli, zcache_slice bytes);
void cli_json_text(cli_program *cli, const char *text);
void cli_json_integer(cli_program *cli, int64_t number);
void cli_json_bool(cli_program *cli, bool truth);
void cli_json_null(cli_program *cli);
/* "status": "MISS", and for an error "message". */
void cli_json_status(cli_program *cli, zcache_status status);
/* {"key": …, "status": …} up to the closing brace, which ends the document. */
void cli_json_key_status(cli_program *cli, zcache_slice key, zcache_status status);
/* The members that tell an option's type, default, range and help, after its key (plugin.c). */
void cli_json_option(cli_program *cli, const zcache_option *option);
/* Ends the document's line. */
void cli_json_line(cli_program *cli);

/* Rows of text in aligned columns. */
typedef struct cli_table {
    size_t columns;
    size_t count; /* cells */
    size_t capacity;
    char **cells; /* owned, each too; escaped */
    bool failed;  /* memory was short */
} cli_table;

void cli_table_cell(cli_table *table, const char *format, ...) ZCACHE_PRINTF(2, 3);
/* Prints the rows, each after `indent`, and frees them. */
cli_exit cli_table_print(cli_program *cli, cli_table *table, const char *indent);

/* ---- texts and input (text.c, input.c) ------------------------------------------------------- */

/* "500ms 30s 15m 1h 7d never"; false: it is none, or outside 1 ms to ZCACHE_TTL_MAX. */
bool cli_parse_duration(const char *text, int64_t *ms);
/* A signed decimal number. */
bool cli_parse_integer(const char *text, int64_t *number);
/* "4096", "64k", "64KiB", "1.5g". */
bool cli_parse_size(const char *text, int64_t *bytes);

/* The shortest exact form, as it would be written in the INI file; `text` has room for 32. */
void cli_format_duration(int64_t ms, char *text);
void cli_format_size(int64_t bytes, char *text);

/* Nanoseconds of CLOCK_MONOTONIC. */
int64_t cli_now_ns(void);

/* Reads standard input up to `limit` bytes; more is a usage error, found without reading on.
 * *data is to be freed. */
cli_exit cli_read_input(cli_program *cli, size_t limit, char **data, size_t *size);

/* ---- shared by commands ---------------------------------------------------------------------- */

/* Help on the program (words: none), on a command, or on a family of commands. */
cli_exit cli_help_on(cli_program *cli, const zcache_slice words[], size_t count);

/* The usage error for words that name no command, with the nearest one that there is. */
cli_exit cli_unknown_command(cli_program *cli, const zcache_slice words[], size_t count);

/* In the shell: OK, (miss), (exists). With --json: key and status. Else nothing. */
cli_exit cli_answer(cli_program *cli, zcache_slice key, zcache_status status);

/* Splits a line as a POSIX shell does: ' " \ $'…' and # comments. *words is one block to be freed,
 * with room for one word more. NULL, or what is wrong with the line. */
const char *cli_split(const char *line, size_t size, zcache_slice **words, size_t *count);

/* Tells what `words`, of which the last is being typed, can be completed to: every candidate that
 * begins with it, and ":file:" where a file name is wanted. */
typedef void cli_candidate_fn(void *user, const char *candidate);
void cli_complete_each(cli_program *cli, const zcache_slice words[], size_t count,
                       cli_candidate_fn *each, void *user);

/* A person's line, edited; *line is valid until the next call. */
typedef struct cli_editor cli_editor;
typedef enum cli_line { CLI_LINE, CLI_LINE_ABANDONED, CLI_LINE_END } cli_line;
cli_editor *cli_editor_open(cli_program *cli);
cli_line cli_editor_read(cli_editor *editor, const char **line, size_t *size);
void cli_editor_close(cli_editor *editor);

/* The commands, each in the file of its name or its family's. */
cli_exit cli_get(cli_program *cli, const cli_arguments *arguments);
cli_exit cli_mget(cli_program *cli, const cli_arguments *arguments);
cli_exit cli_set(cli_program *cli, const cli_arguments *arguments);
cli_exit cli_mset(cli_program *cli, const cli_arguments *arguments);
cli_exit cli_del(cli_program *cli, const cli_arguments *arguments);
cli_exit cli_exists(cli_program *cli, const cli_arguments *arguments);
cli_exit cli_ttl(cli_program *cli, const cli_arguments *arguments);
cli_exit cli_touch(cli_program *cli, const cli_arguments *arguments);
cli_exit cli_incr(cli_program *cli, const cli_arguments *arguments);
cli_exit cli_keys(cli_program *cli, const cli_arguments *arguments);
cli_exit cli_clear(cli_program *cli, const cli_arguments *arguments);
cli_exit cli_ping(cli_program *cli, const cli_arguments *arguments);
cli_exit cli_stats(cli_program *cli, const cli_arguments *arguments);
cli_exit cli_shell(cli_program *cli, const cli_arguments *arguments);
cli_exit cli_shell_exit(cli_program *cli, const cli_arguments *arguments);
cli_exit cli_shell_table(cli_program *cli, const cli_arguments *arguments);
cli_exit cli_swap(cli_program *cli, const cli_arguments *arguments);
cli_exit cli_plugin_list(cli_program *cli, const cli_arguments *arguments);
cli_exit cli_plugin_info(cli_program *cli, const cli_arguments *arguments);
cli_exit cli_plugin_new(cli_program *cli, const cli_arguments *arguments);
cli_exit cli_plugin_check(cli_program *cli, const cli_arguments *arguments);
cli_exit cli_config_check(cli_program *cli, const cli_arguments *arguments);
cli_exit cli_config_show(cli_program *cli, const cli_arguments *arguments);
cli_exit cli_ctl_status(cli_program *cli, const cli_arguments *arguments);
cli_exit cli_ctl_stats(cli_program *cli, const cli_arguments *arguments);
cli_exit cli_ctl_config(cli_program *cli, const cli_arguments *arguments);
cli_exit cli_ctl_generations(cli_program *cli, const cli_arguments *arguments);
cli_exit cli_ctl_set(cli_program *cli, const cli_arguments *arguments);
cli_exit cli_ctl_log(cli_program *cli, const cli_arguments *arguments);
cli_exit cli_ctl_swap(cli_program *cli, const cli_arguments *arguments);
cli_exit cli_ctl_reload(cli_program *cli, const cli_arguments *arguments);
cli_exit cli_ctl_abort(cli_program *cli, const cli_arguments *arguments);
cli_exit cli_version(cli_program *cli, const cli_arguments *arguments);
cli_exit cli_help(cli_program *cli, const cli_arguments *arguments);
cli_exit cli_complete(cli_program *cli, const cli_arguments *arguments);

#endif
