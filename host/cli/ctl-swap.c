/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * zcache ctl swap, zcache ctl reload: another provider or configuration of a running process, and
 * how the copy comes along: a bar that is drawn over itself on a terminal, a line now and then
 * elsewhere.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"

#define BAR_WIDTH        28
#define LINE_INTERVAL_NS INT64_C(1000000000)

typedef struct watching {
    cli_program *cli;
    bool terminal;
    bool drawn;      /* a bar stands on the line */
    int64_t told_ns; /* when the last line was written */
    char phase[32];  /* the one it was about */
} watching;

static double ms(const ctl_line *line, const char *name)
{
    return (double)ctl_number(line, name) / 1e6;
}

/* "8200/s, 12s left" */
static void format_rate(const ctl_line *line, char *text, size_t size)
{
    double elapsed_s = (double)ctl_number(line, "elapsed_ns") / 1e9;
    int64_t scanned = ctl_number(line, "scanned"), left = ctl_number(line, "total") - scanned;
    double rate = elapsed_s > 0 ? (double)scanned / elapsed_s : 0;
    int used = snprintf(text, size, "%.0f/s", rate);
    if (rate < 1 || left <= 0 || used < 0 || (size_t)used >= size)
        return;
    char remaining[32];
    ctl_format_age((int64_t)((double)left / rate * 1000), remaining);
    snprintf(text + used, size - (size_t)used, ", %s left", remaining);
}

static void draw_bar(watching *swap, const ctl_line *line)
{
    int64_t scanned = ctl_number(line, "scanned"), total = ctl_number(line, "total");
    double part = total > 0 ? (double)scanned / (double)total : 0;
    if (part > 1) /* the total is an estimate */
        part = 1;
    char bar[BAR_WIDTH + 1], rate[80];
    int full = (int)(part * BAR_WIDTH);
    memset(bar, '-', BAR_WIDTH);
    memset(bar, '#', (size_t)full);
    bar[BAR_WIDTH] = '\0';
    format_rate(line, rate, sizeof(rate));
    cli_print(swap->cli, "\r%s [%s] %3.0f%% %" PRId64 " entries, %s\033[K", ctl_text(line, "phase"),
              bar, part * 100, scanned, rate);
    fflush(stdout);
    swap->drawn = true;
}

static void write_line(watching *swap, const ctl_line *line)
{
    int64_t now_ns = cli_now_ns();
    const char *phase = ctl_text(line, "phase");
    if (strcmp(phase, swap->phase) == 0 && now_ns - swap->told_ns < LINE_INTERVAL_NS)
        return;
    swap->told_ns = now_ns;
    snprintf(swap->phase, sizeof(swap->phase), "%s", phase);
    char rate[80];
    format_rate(line, rate, sizeof(rate));
    char total[32] = ""; /* unknown before the copy has begun, and to some providers always */
    if (ctl_number(line, "total") > 0)
        snprintf(total, sizeof(total), " of %" PRId64, ctl_number(line, "total"));
    cli_print(swap->cli, "%s: %" PRId64 "%s entries, %s\n", phase, ctl_number(line, "scanned"),
              total, rate);
    fflush(stdout);
}

static void clear_bar(watching *swap)
{
    if (swap->drawn)
        cli_print(swap->cli, "\r\033[K");
    swap->drawn = false;
}

static void show_report(watching *swap, const ctl_line *line)
{
    const char *old = ctl_number(line, "retired") != 0 ? "is still in use, and closed when it no "
                                                         "longer is"
                      : ctl_number(line, "unmapped") != 0 ? "is closed and unloaded"
                                                          : "is closed";
    clear_bar(swap);
    cli_print(swap->cli, "swapped %s -> %s: generation %" PRId64, ctl_text(line, "from"),
              ctl_text(line, "to"), ctl_number(line, "generation"));
    if (ctl_number(line, "copy_ns") > 0)
        cli_print(swap->cli, ", %" PRId64 " entries copied, %" PRId64 " compared",
                  ctl_number(line, "copied"), ctl_number(line, "verified"));
    cli_print(swap->cli,
              " (load %.1f, open %.1f, ping %.1f, copy %.1f, publish %.1f, drain %.1f, close %.1f "
              "ms); the old provider %s\n",
              ms(line, "load_ns"), ms(line, "open_ns"), ms(line, "ping_ns"), ms(line, "copy_ns"),
              ms(line, "publish_ns"), ms(line, "drain_ns"), ms(line, "close_ns"), old);
}

static void show_reload(watching *swap, const ctl_line *line)
{
    clear_bar(swap);
    if (ctl_number(line, "count") == 0)
        cli_print(swap->cli, "reloaded: nothing has changed\n");
    else
        cli_print(swap->cli, "reloaded: %s\n", ctl_text(line, "names"));
}

static void take_line(void *user, const ctl_line *line)
{
    watching *swap = user;
    bool report = ctl_is(line, "report"), reload = ctl_is(line, "reload");
    if (swap->cli->json && (report || reload)) {
        cli_json_name(swap->cli, ctl_text(line, "type"));
        cli_json_begin(swap->cli, '{');
        ctl_json_members(swap->cli, line);
        cli_json_end(swap->cli, '}');
    } else if (swap->cli->json) {
        return;
    } else if (report) {
        show_report(swap, line);
    } else if (reload) {
        show_reload(swap, line);
    } else if (ctl_is(line, "progress") && swap->terminal) {
        draw_bar(swap, line);
    } else if (ctl_is(line, "progress")) {
        write_line(swap, line);
    }
}

static cli_exit swap_one(cli_program *cli, const char *path, const char *request, bool wait,
                         bool many)
{
    watching swap = {.cli = cli, .terminal = isatty(STDOUT_FILENO) != 0};
    if (cli->json) {
        cli_json_begin(cli, '{');
        cli_json_name(cli, "socket");
        cli_json_text(cli, path);
    } else if (many) {
        cli_print(cli, "%s:\n", path);
    }
    ctl_outcome outcome = ctl_ask(path, request, wait, take_line, &swap);
    clear_bar(&swap);
    if (cli->json) {
        const char *name = zcache_status_name(outcome.status);
        cli_json_name(cli, "status");
        cli_json_text(cli, strncmp(name, "ZCACHE_", 7) == 0 ? name + 7 : name);
        if (outcome.status < 0) {
            cli_json_name(cli, "message");
            cli_json_text(cli, outcome.message);
        }
        cli_json_end(cli, '}');
    } else if (outcome.status == ZCACHE_OK && !wait) {
        cli_print(cli, "the swap has begun; zcache ctl status tells how it goes\n");
    }
    if (outcome.status < 0)
        cli_message(cli, "%s: %s", path, outcome.message);
    return cli_exit_of(outcome.status);
}

/* "swap redis mode=copy rate=100 verify wait"; NULL, after a usage error. */
static const char *make_request(cli_program *cli, const cli_arguments *arguments, char *text,
                                size_t size)
{
    const char *provider = cli_operand_text(cli, arguments, 0);
    if (provider == NULL)
        return NULL;
    if (*provider == '\0' || strlen(provider) >= ZCACHE_NAME_SIZE ||
        strspn(provider, "abcdefghijklmnopqrstuvwxyz0123456789_-") != strlen(provider)) {
        cli_usage_error(cli, NULL, "\"%s\" is no name of a provider", provider);
        return NULL;
    }
    bool copy = arguments->mode != NULL && strcmp(arguments->mode, "copy") == 0;
    if (!copy && (arguments->given & (CLI_BIT(RATE) | CLI_BIT(VERIFY))) != 0) {
        cli_usage_error(cli, NULL, "--rate and --verify need --mode copy");
        return NULL;
    }
    int used = snprintf(text, size, "swap %s mode=%s", provider, copy ? "copy" : "cold");
    if ((arguments->given & CLI_BIT(RATE)) != 0)
        used += snprintf(text + used, size - (size_t)used, " rate=%" PRId64, arguments->rate);
    snprintf(text + used, size - (size_t)used, "%s%s",
             (arguments->given & CLI_BIT(VERIFY)) != 0 ? " verify" : "",
             (arguments->given & CLI_BIT(WAIT)) != 0 ? " wait" : "");
    return text;
}

static cli_exit run(cli_program *cli, const cli_arguments *arguments, const char *request,
                    bool wait)
{
    ctl_sockets sockets;
    cli_exit result = ctl_find(cli, arguments, &sockets);
    if (result != CLI_DONE)
        return result;
    bool all = (arguments->given & CLI_BIT(ALL)) != 0;
    if (cli->json && all)
        cli_json_begin(cli, '[');
    for (size_t i = 0; i < sockets.count; i++)
        result = cli_worse(result, swap_one(cli, sockets.paths[i], request, wait, all));
    if (cli->json && all)
        cli_json_end(cli, ']');
    if (cli->json)
        cli_json_line(cli);
    ctl_sockets_free(&sockets);
    return result;
}

cli_exit cli_ctl_swap(cli_program *cli, const cli_arguments *arguments)
{
    char text[256];
    const char *request = make_request(cli, arguments, text, sizeof(text));
    if (request == NULL)
        return CLI_USAGE;
    return run(cli, arguments, request, (arguments->given & CLI_BIT(WAIT)) != 0);
}

cli_exit cli_ctl_reload(cli_program *cli, const cli_arguments *arguments)
{
    return run(cli, arguments, "reload wait", true);
}
