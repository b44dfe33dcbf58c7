/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The table of commands: whatever the program knows of a command beside its code stands here, once.
 */
#include <string.h>

#include "cli.h"

#define ANY_NUMBER SIZE_MAX
/* That a request to a process can have. */
#define SETTINGS_MAX 31
#define ADDRESS      (CLI_BIT(SOCKET) | CLI_BIT(ALL))
#define ADDRESSING                                                                                \
    "The process is the one that listens on --socket, else on the configured [control] socket.\n" \
    "Where several do (%p in the path), --all addresses them all.\n"

const cli_command cli_commands[] = {
    {"get", "KEY", "write the value of a key to standard output",
     "Writes the bytes of the value, nothing added. A miss writes nothing: exit status 1.\n", 0,
     CLI_NEEDS_CACHE, 1, 1, CLI_OPERAND_BYTES, cli_get},
    {"set", "KEY [VALUE|-] [--ttl DURATION] [--add|--replace]", "store a value",
     "Without VALUE, or with `-`, the value is what standard input gives: any bytes, up to the\n"
     "cache's max_value_size. Without --ttl the TTL of the table, else of the cache, holds.\n"
     "With --add or --replace, exit status 1 says that nothing was stored.\n",
     CLI_BIT(TTL) | CLI_BIT(ADD) | CLI_BIT(REPLACE), CLI_NEEDS_CACHE, 1, 2, CLI_OPERAND_BYTES,
     cli_set},
    {"del", "KEY...", "delete keys",
     "Exit status 1: a key was not there. The others are deleted.\n", 0, CLI_NEEDS_CACHE, 1,
     ANY_NUMBER, CLI_OPERAND_BYTES, cli_del},
    {"exists", "KEY...", "tell whether keys are there",
     "Prints `yes` or `no`, a line for each key. Exit status 1: at least one is not there.\n", 0,
     CLI_NEEDS_CACHE, 1, ANY_NUMBER, CLI_OPERAND_BYTES, cli_exists},
    {"ttl", "KEY", "print the time that a key has left",
     "Prints milliseconds, or `never`. With --json, `ttl_ms` is null for never.\n", 0,
     CLI_NEEDS_CACHE, 1, 1, CLI_OPERAND_BYTES, cli_ttl},
    {"touch", "KEY --ttl DURATION", "give a key a new time to live",
     "The time counts from now. The value stays.\n", CLI_BIT(TTL), CLI_NEEDS_CACHE, 1, 1,
     CLI_OPERAND_BYTES, cli_touch},
    {"incr", "KEY [N] [--ttl DURATION]", "add to a number",
     "Adds N (1 unless given; it may be negative) in one atomic step and prints the new number.\n"
     "A missing key counts as 0, and gets the TTL; an existing one keeps its own.\n",
     CLI_BIT(TTL), CLI_NEEDS_CACHE, 1, 2, CLI_OPERAND_BYTES, cli_incr},
    {"mget", "KEY...", "print the values of several keys",
     "Prints a line KEY<TAB>VALUE for each key, in the order given. Bytes that are not printable\n"
     "are shown as \\xHH and a backslash as \\\\ (printf %b gives them back); \\N instead of the\n"
     "value is a miss, and \\E a key that failed. Exit status 1: at least one is missing.\n",
     0, CLI_NEEDS_CACHE, 1, ANY_NUMBER, CLI_OPERAND_BYTES, cli_mget},
    {"mset", "KEY VALUE... [--ttl DURATION]", "store several values", "All get the same TTL.\n",
     CLI_BIT(TTL), CLI_NEEDS_CACHE, 2, ANY_NUMBER, CLI_OPERAND_BYTES, cli_mset},
    {"keys", "[PATTERN]", "list the keys, sorted",
     "PATTERN is a glob: * any bytes, ? one byte, [a-z] one of these, [^a] none of these, \\x the\n"
     "byte x. Quote it from the shell. A line is a key: bytes that are not printable are shown as\n"
     "\\xHH and a backslash as \\\\, which $'...' gives back.\n",
     0, CLI_NEEDS_CACHE, 0, 1, CLI_OPERAND_BYTES, cli_keys},
    {"clear", "", "delete every key of the table or cache",
     "Deletes the keys of the table (-t), or all that begin with the cache's key_prefix. Without\n"
     "both it would empty a shared server, and is refused unless `[cache] allow_flush = yes`.\n",
     0, CLI_NEEDS_CACHE, 0, 0, CLI_OPERAND_BYTES, cli_clear},
    {"ping", "", "ask every server of the backend for an answer",
     "Prints the provider and how long the answers took, the connection included.\n", 0,
     CLI_NEEDS_CACHE, 0, 0, CLI_OPERAND_BYTES, cli_ping},
    {"stats", "", "print statistics of cache and provider",
     "Names that begin with `cache_` are those of this process.\n", 0, CLI_NEEDS_CACHE, 0, 0,
     CLI_OPERAND_BYTES, cli_stats},
    {"shell", "", "run commands line by line, on one open cache",
     "Reads commands as they are given to zcache, words quoted as in a POSIX shell, # for "
     "comments.\n"
     "On a terminal lines are edited, with history and completion; from a pipe or file nothing is\n"
     "printed but results. Here `get` ends the value with a newline, a miss prints (miss) and a\n"
     "write OK; `swap` changes the provider, `table` the table, `exit` or Ctrl-D ends it.\n"
     "A line that fails is reported with its number, and the shell goes on. Its exit status is "
     "the\n"
     "highest of all lines; a miss does not count.\n",
     0, CLI_NEEDS_CACHE | CLI_NOT_IN_SHELL, 0, 0, CLI_OPERAND_BYTES, cli_shell},
    {"swap", "[PROVIDER] [-c FILE] [-s SECTION.KEY=VALUE]...", "change the provider",
     "Opens PROVIDER, proves that it answers, and goes on with it; the new cache starts as it is\n"
     "there. -c takes the provider and its section from an INI file. If anything fails, the old\n"
     "provider goes on.\n",
     CLI_BIT(CONFIG) | CLI_BIT(SETTING), CLI_NEEDS_CACHE | CLI_SHELL_ONLY, 0, 1,
     CLI_OPERAND_PROVIDER, cli_swap},
    {"table", "[NAME]", "work on a table; without NAME on all of the cache", "", 0,
     CLI_NEEDS_CACHE | CLI_SHELL_ONLY, 0, 1, CLI_OPERAND_BYTES, cli_shell_table},
    {"plugin list", "", "list the plugins that are there",
     "Looks in plugin_path, loads each plugin and lets it go again. A plugin that is refused is\n"
     "listed with the reason.\n",
     0, 0, 0, 0, CLI_OPERAND_BYTES, cli_plugin_list},
    {"plugin info", "NAME", "tell all about one plugin",
     "Prints its capabilities, limits and options with type, default and range.\n", 0, 0, 1, 1,
     CLI_OPERAND_PLUGIN, cli_plugin_info},
    {"plugin new", "NAME [DIR]", "write the project of a new plugin",
     "Writes into DIR, else into NAME, which must not be there yet or be empty, a provider that\n"
     "works and passes `zcache plugin check`, with a makefile, autotools' files and a README:\n"
     "replace its hash table by a store of your own. The project needs nothing but an installed\n"
     "zcache. NAME: 1 to 32 lower case letters, digits, _ and -; a letter first.\n",
     0, 0, 1, 2, CLI_OPERAND_NEW, cli_plugin_new},
    {"plugin check",
     "NAME|FILE [KEY=VALUE]... [--only PATTERN] [--jobs N] [--report FILE] [--exclusive] "
     "[--embedded | --stop-backend COMMAND --resume-backend COMMAND]",
     "hold a plugin to the rules that all plugins obey",
     "Runs the conformance kit on the plugin NAME, or on a compiled FILE, NAME.so, and prints "
     "TAP,\n"
     "or with --json a report. Each check runs in a process of its own. KEY=VALUE sets an option "
     "of\n"
     "the plugin, SECTION.KEY=VALUE any other. A rule that the plugin declares it cannot keep is\n"
     "skipped, with the reason. Keys begin with zcheck: and are deleted again.\n"
     "Exit status 1: a check failed.\n",
     CLI_BIT(ONLY) | CLI_BIT(REPORT) | CLI_BIT(JOBS) | CLI_BIT(EMBEDDED) | CLI_BIT(EXCLUSIVE) |
         CLI_BIT(STOP_BACKEND) | CLI_BIT(RESUME_BACKEND),
     CLI_NOT_IN_SHELL, 1, ANY_NUMBER, CLI_OPERAND_PLUGIN, cli_plugin_check},
    {"config check", "[FILE]", "check a configuration without using it",
     "Checks FILE, else -c FILE, else what the environment names, with the environment and -s "
     "laid\n"
     "over it as they would be. The provider's plugin is loaded to check its section; no server "
     "is\n"
     "asked. Exit status 4: it is wrong, and the message says where.\n",
     0, 0, 0, 1, CLI_OPERAND_FILE, cli_config_check},
    {"config show", "", "print every setting with its origin",
     "Prints `[section] key = value  # origin`; secrets are shown as ***.\n", 0, 0, 0, 0,
     CLI_OPERAND_BYTES, cli_config_show},
    {"ctl status", "[--socket PATH|--all]", "show what a running process is doing",
     "Shows process, provider and generation, log level, and the swap or reload last asked for by "
     "ctl.\n" ADDRESSING,
     ADDRESS, 0, 0, 0, CLI_OPERAND_BYTES, cli_ctl_status},
    {"ctl stats", "[--socket PATH|--all]", "print a running process's statistics",
     "As `zcache stats`, of that process.\n" ADDRESSING, ADDRESS, 0, 0, 0, CLI_OPERAND_BYTES,
     cli_ctl_stats},
    {"ctl swap", "PROVIDER [--mode cold|copy] [--rate N] [--verify] [--wait]",
     "change a running process's provider",
     "Opens PROVIDER there, proves that it answers, with --mode copy brings all entries over, and\n"
     "goes on with it. If anything fails, the old provider goes on. Without --wait the command "
     "ends\n"
     "when the swap has begun. With it, the progress is shown, as a bar on a terminal; an end of\n"
     "the command does not end the swap: `zcache ctl abort` does.\n" ADDRESSING,
     ADDRESS | CLI_BIT(MODE) | CLI_BIT(RATE) | CLI_BIT(VERIFY) | CLI_BIT(WAIT), 0, 1, 1,
     CLI_OPERAND_PROVIDER, cli_ctl_swap},
    {"ctl reload", "[--socket PATH|--all]", "make a running process read its configuration anew",
     "Settings change at once, and options of plugins that can change them while they are open;\n"
     "another provider, or other options, is swapped to as [swap] says. If anything is wrong, "
     "nothing changes, and the message says why.\n" ADDRESSING,
     ADDRESS, 0, 0, 0, CLI_OPERAND_BYTES, cli_ctl_reload},
    {"ctl abort", "[--socket PATH|--all]", "make a running process give up a copying swap",
     "The old provider goes on, complete. Exit status 1: no swap is under way.\n" ADDRESSING,
     ADDRESS, 0, 0, 0, CLI_OPERAND_BYTES, cli_ctl_abort},
    {"ctl config", "[--socket PATH|--all]", "print the settings of a running process",
     "As `zcache config show`, of what is in force there, swaps included.\n" ADDRESSING, ADDRESS, 0,
     0, 0, CLI_OPERAND_BYTES, cli_ctl_config},
    {"ctl generations", "[--socket PATH|--all]", "list the openings of providers that are in use",
     "Each swap makes a generation. `live` is in use, `copying` gets the entries, `draining` is\n"
     "waited for by a swap, `retired` is closed when its last operation (pin) and native handle\n"
     "(lease) have ended. A lease shows the thread that acquired it.\n" ADDRESSING,
     ADDRESS, 0, 0, 0, CLI_OPERAND_BYTES, cli_ctl_generations},
    {"ctl log", "LEVEL [--socket PATH|--all]", "set the log level of a running process",
     "LEVEL: error, warning, info or debug. It holds until the process or its configuration sets\n"
     "another.\n" ADDRESSING,
     ADDRESS, 0, 1, 1, CLI_OPERAND_LOG_LEVEL, cli_ctl_log},
    {"ctl set", "SECTION.KEY=VALUE... [--socket PATH|--all]",
     "set options of a running process's plugin",
     "Sets options of the provider or a filter there, all of one SECTION, together or not at all,\n"
     "while operations go on: `zcache ctl set fault.error_rate=10% fault.seed=7`. They win until "
     "the\n"
     "next reload. A plugin that cannot change them while it is open refuses: then change its\n"
     "section of the configuration and reload. `zcache ctl config` shows what is in "
     "force.\n" ADDRESSING,
     ADDRESS, 0, 1, SETTINGS_MAX, CLI_OPERAND_SETTING, cli_ctl_set},
    {"version", "", "print the versions of command, library and ABI", "", 0, 0, 0, 0,
     CLI_OPERAND_BYTES, cli_version},
    {"help", "[COMMAND]", "explain the program or a command", "", 0, 0, 0, 2, CLI_OPERAND_COMMAND,
     cli_help},
    {"exit", "", "leave the shell, as Ctrl-D does", "", 0, CLI_SHELL_ONLY, 0, 0, CLI_OPERAND_BYTES,
     cli_shell_exit},
    {"quit", "", "leave the shell", "", 0, CLI_SHELL_ONLY, 0, 0, CLI_OPERAND_BYTES, cli_shell_exit},
    {"complete", "[WORD...]", "print what the last word can be completed to",
     "Asked by the bash completion. Prints a candidate a line; `:file:` stands for file names.\n",
     0, CLI_NOT_IN_SHELL | CLI_HIDDEN, 0, ANY_NUMBER, CLI_OPERAND_BYTES, cli_complete},
};

const size_t cli_command_count = sizeof(cli_commands) / sizeof(cli_commands[0]);

static bool word_is(zcache_slice word, const char *text, size_t size)
{
    return word.size == size && memcmp(word.data, text, size) == 0;
}

const cli_command *cli_command_find(const zcache_slice words[], size_t count, size_t *used)
{
    for (size_t i = 0; count > 0 && i < cli_command_count; i++) {
        const char *name = cli_commands[i].name;
        const char *blank = strchr(name, ' ');
        *used = blank != NULL ? 2 : 1;
        if (blank == NULL && word_is(words[0], name, strlen(name)))
            return &cli_commands[i];
        if (blank != NULL && count > 1 && word_is(words[0], name, (size_t)(blank - name)) &&
            word_is(words[1], blank + 1, strlen(blank + 1)))
            return &cli_commands[i];
    }
    *used = 0;
    return NULL;
}

bool cli_command_shown(const cli_program *cli, const cli_command *command)
{
    return (command->flags & (cli->in_shell ? CLI_NOT_IN_SHELL : CLI_SHELL_ONLY)) == 0;
}

uint32_t cli_command_options(const cli_program *cli, const cli_command *command)
{
    uint32_t options = command->options | CLI_COMMON_OPTIONS;
    return cli->in_shell ? options : options | CLI_OPENING_OPTIONS;
}
