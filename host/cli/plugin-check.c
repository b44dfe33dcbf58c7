/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * zcache plugin check: runs the conformance kit on a plugin and writes TAP, or with --json the
 * report, which --report also writes to a file.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "conform/conform.h"

/* A path of this form is a file: a name has neither. */
static bool is_file(const char *operand)
{
    size_t size = strlen(operand);
    return strchr(operand, '/') != NULL || (size > 3 && strcmp(operand + size - 3, ".so") == 0);
}

/* Whose help is recommended when the command line is wrong. */
static const cli_command *this_command(void)
{
    size_t used;
    return cli_command_find((const zcache_slice[]){zcache_str("plugin"), zcache_str("check")}, 2,
                            &used);
}

/* What the command makes of its operands. */
typedef struct check_request {
    char name[ZCACHE_NAME_SIZE];
    char *plugin_path;     /* owned: "cache.plugin_path=…", the file's directory first; or NULL */
    const char **settings; /* owned array: those of the command line, then of the operands */
    char **made;           /* owned, each too: "NAME.KEY=VALUE" of the operands */
    size_t made_count;
} check_request;

static void free_request(check_request *request)
{
    for (size_t i = 0; i < request->made_count; i++)
        free(request->made[i]);
    free(request->made);
    free(request->settings);
    free(request->plugin_path);
}

typedef struct wanted_path {
    char text[4096];
} wanted_path;

static void keep_plugin_path(void *user, const zcache_setting *setting)
{
    wanted_path *wanted = user;
    if (strcmp(setting->section, "cache") == 0 && strcmp(setting->key, "plugin_path") == 0)
        snprintf(wanted->text, sizeof(wanted->text), "%s", setting->value);
}

/* The plugin is FILE: its directory goes before those of the configured plugin_path, where the
 * provider below a filter is. */
static cli_exit name_file(cli_program *cli, const char *file, check_request *request)
{
    char resolved[PATH_MAX];
    if (realpath(file, resolved) == NULL)
        return cli_usage_error(cli, this_command(), "%s: %s", file, strerror(errno));
    char *slash = strrchr(resolved, '/');
    char *dot = strrchr(slash, '.');
    if (dot == NULL || strcmp(dot, ".so") != 0)
        return cli_usage_error(cli, this_command(), "%s is not called NAME.so, as a plugin is",
                               file);
    *dot = '\0';
    if (strlen(slash + 1) >= sizeof(request->name))
        return cli_usage_error(cli, this_command(),
                               "%s: a plugin's name has at most %zu characters", file,
                               sizeof(request->name) - 1);
    snprintf(request->name, sizeof(request->name), "%s", slash + 1);
    *slash = '\0';
    wanted_path wanted = {""};
    zcache_options options = cli_session_options(cli);
    options.provider = "memory"; /* whose section is checked too: it has the fewest needs */
    zcache_status status = zcache_config_check(cli_session_source(cli), cli->config_file, &options,
                                               keep_plugin_path, &wanted);
    if (status != ZCACHE_OK)
        return cli_report(cli, status);
    size_t size = strlen(resolved) + strlen(wanted.text) + 32;
    request->plugin_path = malloc(size);
    if (request->plugin_path == NULL)
        return cli_no_memory(cli);
    snprintf(request->plugin_path, size, "cache.plugin_path=%s, %s",
             resolved[0] != '\0' ? resolved : "/", wanted.text);
    return CLI_DONE;
}

/* Operand i, KEY=VALUE of the plugin or SECTION.KEY=VALUE, as a setting. */
static cli_exit add_setting(cli_program *cli, const char *operand, check_request *request)
{
    const char *equals = strchr(operand, '=');
    if (equals == NULL || equals == operand)
        return cli_usage_error(cli, this_command(), "\"%s\" is not of the form KEY=VALUE", operand);
    bool has_section = memchr(operand, '.', (size_t)(equals - operand)) != NULL;
    size_t size = strlen(operand) + sizeof(request->name) + 2;
    char *setting = malloc(size);
    if (setting == NULL)
        return cli_no_memory(cli);
    if (has_section)
        snprintf(setting, size, "%s", operand);
    else
        snprintf(setting, size, "%s.%s", request->name, operand);
    request->made[request->made_count++] = setting;
    return CLI_DONE;
}

static cli_exit make_request(cli_program *cli, const cli_arguments *arguments,
                             check_request *request)
{
    const char *first = cli_operand_text(cli, arguments, 0);
    if (first == NULL)
        return CLI_USAGE;
    size_t given = 0;
    while (cli->settings != NULL && cli->settings[given] != NULL)
        given++;
    request->made = calloc(arguments->count, sizeof(*request->made));
    request->settings = calloc(given + arguments->count + 2, sizeof(*request->settings));
    if (request->made == NULL || request->settings == NULL)
        return cli_no_memory(cli);
    cli_exit result = CLI_DONE;
    if (is_file(first))
        result = name_file(cli, first, request);
    else if (strlen(first) >= sizeof(request->name))
        result = cli_usage_error(cli, this_command(), "a plugin's name has at most %zu characters",
                                 sizeof(request->name) - 1);
    else
        snprintf(request->name, sizeof(request->name), "%s", first);
    size_t count = 0;
    if (request->plugin_path != NULL)
        request->settings[count++] = request->plugin_path;
    for (size_t i = 0; i < given; i++)
        request->settings[count++] = cli->settings[i];
    for (size_t i = 1; result == CLI_DONE && i < arguments->count; i++) {
        const char *operand = cli_operand_text(cli, arguments, i);
        result = operand == NULL ? CLI_USAGE : add_setting(cli, operand, request);
        if (result == CLI_DONE)
            request->settings[count++] = request->made[request->made_count - 1];
    }
    return result;
}

/* ---- reports --------------------------------------------------------------------------------- */

typedef struct check_output {
    cli_program *cli;
    size_t verdicts[3];      /* how many of each conform_verdict */
    conform_result *results; /* owned array */
    char **reasons;          /* owned, each too: theirs */
    size_t count;
    bool failed; /* memory was short */
} check_output;

static const char *const verdict_names[] = {"passed", "failed", "skipped"};

static void print_tap(cli_program *cli, const conform_result *result)
{
    cli_print(cli, "%sok %zu - %s: %s", result->verdict == CONFORM_FAILED ? "not " : "",
              result->number, result->name, result->rule);
    if (result->verdict == CONFORM_SKIPPED)
        cli_print(cli, " # SKIP %s", result->reason);
    cli_print(cli, "\n");
    if (result->verdict == CONFORM_FAILED) {
        cli_print(cli, "# ");
        cli_write_escaped(cli, zcache_str(result->reason));
        cli_print(cli, "\n");
    }
    cli_flush(cli); /* a check may take a while: its result is seen at once */
}

static void take_result(void *user, const conform_result *result)
{
    check_output *output = user;
    output->verdicts[result->verdict]++;
    char *reason = strdup(result->reason);
    output->failed = output->failed || reason == NULL;
    output->reasons[output->count] = reason;
    output->results[output->count] = *result;
    output->results[output->count++].reason = reason;
    if (!output->cli->json)
        print_tap(output->cli, result);
}

static void write_report(cli_program *cli, const check_request *request, const check_output *output,
                         bool complete)
{
    cli_json_begin(cli, '{');
    cli_json_name(cli, "plugin");
    cli_json_text(cli, request->name);
    cli_json_name(cli, "zcache");
    cli_json_text(cli, zcache_version());
    cli_json_name(cli, "abi_major");
    cli_json_integer(cli, ZCACHE_ABI_MAJOR);
    cli_json_name(cli, "abi_minor");
    cli_json_integer(cli, ZCACHE_ABI_MINOR);
    cli_json_name(cli, "complete");
    cli_json_bool(cli, complete);
    for (size_t i = 0; i < 3; i++) {
        cli_json_name(cli, verdict_names[i]);
        cli_json_integer(cli, (int64_t)output->verdicts[i]);
    }
    cli_json_name(cli, "checks");
    cli_json_begin(cli, '[');
    for (size_t i = 0; i < output->count; i++) {
        const conform_result *result = &output->results[i];
        cli_json_begin(cli, '{');
        cli_json_name(cli, "name");
        cli_json_text(cli, result->name);
        cli_json_name(cli, "rule");
        cli_json_text(cli, result->rule);
        cli_json_name(cli, "result");
        cli_json_text(cli, verdict_names[result->verdict]);
        cli_json_name(cli, "reason");
        cli_json_text(cli, result->verdict == CONFORM_PASSED ? NULL : result->reason);
        cli_json_name(cli, "took_ms");
        cli_json_integer(cli, result->took_ms);
        cli_json_end(cli, '}');
    }
    cli_json_end(cli, ']');
    cli_json_end(cli, '}');
    cli_json_line(cli);
}

/* Closes the file. */
static cli_exit save_report(cli_program *cli, FILE *file, const char *path,
                            const check_request *request, const check_output *output, bool complete)
{
    cli->file = file;
    write_report(cli, request, output, complete);
    cli->file = NULL;
    bool lost = ferror(file) != 0;
    if (fclose(file) != 0 || lost) {
        cli_message(cli, "%s could not be written: %s", path, strerror(errno));
        return CLI_FAILED;
    }
    return CLI_DONE;
}

/* Runs the checks with `output`, whose arrays have room for all, and `report`, or NULL. */
static cli_exit run_checks(cli_program *cli, const cli_arguments *arguments,
                           const check_request *request, check_output *output, FILE *report)
{
    zcache_options options = cli_session_options(cli);
    options.settings = request->settings;
    conform_request asked = {.plugin = request->name,
                             .source = cli_session_source(cli),
                             .path = cli->config_file,
                             .options = &options,
                             .only = arguments->only,
                             .stop_backend = arguments->stop_backend,
                             .resume_backend = arguments->resume_backend,
                             .embedded = (arguments->given & CLI_BIT(EMBEDDED)) != 0,
                             .exclusive = (arguments->given & CLI_BIT(EXCLUSIVE)) != 0,
                             .jobs = (size_t)arguments->jobs};
    if (!cli->json)
        cli_print(cli, "TAP version 13\n");
    bool complete = conform_run(&asked, take_result, output);
    if (!cli->json && !complete)
        cli_print(cli, "Bail out! The rest cannot be checked.\n");
    else if (!cli->json)
        cli_print(cli, "1..%zu\n# %s: %zu passed, %zu failed, %zu skipped\n", output->count,
                  request->name, output->verdicts[CONFORM_PASSED], output->verdicts[CONFORM_FAILED],
                  output->verdicts[CONFORM_SKIPPED]);
    cli_exit result = !complete || output->verdicts[CONFORM_FAILED] > 0 ? CLI_NO : CLI_DONE;
    if (output->failed)
        result = cli_no_memory(cli);
    else if (cli->json)
        write_report(cli, request, output, complete);
    if (report != NULL && !output->failed)
        result = cli_worse(result,
                           save_report(cli, report, arguments->report, request, output, complete));
    else if (report != NULL)
        fclose(report);
    return result;
}

/* The report is opened before the checks, which may take a while. */
static cli_exit prepare_and_run(cli_program *cli, const cli_arguments *arguments,
                                const check_request *request)
{
    FILE *report = NULL;
    check_output output = {.cli = cli};
    size_t count = conform_count();
    cli_exit result = CLI_FAILED;
    output.results = calloc(count, sizeof(*output.results));
    output.reasons = calloc(count, sizeof(*output.reasons));
    if (output.results == NULL || output.reasons == NULL)
        result = cli_no_memory(cli);
    else if (arguments->report != NULL && (report = fopen(arguments->report, "we")) == NULL)
        cli_message(cli, "%s cannot be written: %s", arguments->report, strerror(errno));
    else
        result = run_checks(cli, arguments, request, &output, report);
    for (size_t i = 0; i < output.count; i++)
        free(output.reasons[i]);
    free(output.reasons);
    free(output.results);
    return result;
}

static cli_exit check_options(cli_program *cli, const cli_arguments *arguments)
{
    if ((arguments->given & CLI_BIT(EMBEDDED)) != 0 &&
        (arguments->given & CLI_BIT(STOP_BACKEND)) != 0)
        return cli_usage_error(cli, this_command(), "%s says that there is no server for %s",
                               cli_options[CLI_OPTION_EMBEDDED].name,
                               cli_options[CLI_OPTION_STOP_BACKEND].name);
    uint32_t both = CLI_BIT(STOP_BACKEND) | CLI_BIT(RESUME_BACKEND);
    if ((arguments->given & both) != 0 && (arguments->given & both) != both)
        return cli_usage_error(cli, this_command(), "%s and %s go together",
                               cli_options[CLI_OPTION_STOP_BACKEND].name,
                               cli_options[CLI_OPTION_RESUME_BACKEND].name);
    if (arguments->only != NULL && !conform_knows(arguments->only))
        return cli_usage_error(
            cli, this_command(),
            "%s %s: there is no such check; they are called load-*, value-*, key-*, "
            "ttl-* and so on, and run all without %s",
            cli_options[CLI_OPTION_ONLY].name, arguments->only, cli_options[CLI_OPTION_ONLY].name);
    return CLI_DONE;
}

cli_exit cli_plugin_check(cli_program *cli, const cli_arguments *arguments)
{
    cli_exit result = check_options(cli, arguments);
    if (result != CLI_DONE)
        return result;
    zcache_status status = conform_prepare();
    if (status != ZCACHE_OK)
        return cli_report(cli, status);
    check_request request = {0};
    result = make_request(cli, arguments, &request);
    if (result == CLI_DONE)
        result = prepare_and_run(cli, arguments, &request);
    free_request(&request);
    return result;
}
