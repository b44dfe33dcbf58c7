/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * zcache plugin list, zcache plugin info: what plugins tell of themselves.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"

typedef struct plugin_rows {
    cli_program *cli;
    cli_table table;
} plugin_rows;

static const char *kind_name(zcache_kind kind)
{
    return kind == ZCACHE_KIND_CODEC ? "codec" : kind == ZCACHE_KIND_FILTER ? "filter" : "provider";
}

/* NULL: no file was found that may be loaded. */
static const char *verified_file(const zcache_plugin_info *info)
{
    return info->file != NULL && info->file[0] != '\0' ? info->file : NULL;
}

/* ---- list ------------------------------------------------------------------------------------ */

static void list_json(cli_program *cli, const zcache_plugin_info *info)
{
    const zcache_descriptor *plugin = info->descriptor;
    bool refused = info->status != ZCACHE_OK;
    cli_json_begin(cli, '{');
    cli_json_name(cli, "name");
    cli_json_text(cli, info->name);
    cli_json_name(cli, "file");
    cli_json_text(cli, verified_file(info));
    cli_json_name(cli, "refused");
    cli_json_text(cli, refused ? info->message : NULL);
    if (!refused) {
        cli_json_name(cli, "version");
        cli_json_text(cli, plugin->version);
        cli_json_name(cli, "kind");
        cli_json_text(cli, kind_name(plugin->kind));
        cli_json_name(cli, "summary");
        cli_json_text(cli, plugin->summary);
    }
    cli_json_end(cli, '}');
}

static void list_one(void *user, const zcache_plugin_info *info)
{
    plugin_rows *rows = user;
    const zcache_descriptor *plugin = info->descriptor;
    if (rows->cli->json) {
        list_json(rows->cli, info);
        return;
    }
    bool refused = info->status != ZCACHE_OK;
    cli_table_cell(&rows->table, "%s", info->name);
    cli_table_cell(&rows->table, "%s", refused || plugin->version == NULL ? "-" : plugin->version);
    cli_table_cell(&rows->table, "%s", refused ? "refused" : kind_name(plugin->kind));
    const char *file = verified_file(info);
    cli_table_cell(&rows->table, "%s", file != NULL ? file : "-");
    cli_table_cell(&rows->table, "%s",
                   refused                   ? info->message
                   : plugin->summary == NULL ? ""
                                             : plugin->summary);
}

cli_exit cli_plugin_list(cli_program *cli, const cli_arguments *arguments)
{
    (void)arguments;
    plugin_rows rows = {cli, {.columns = 5}};
    zcache_options options = cli_session_options(cli);
    if (cli->json)
        cli_json_begin(cli, '[');
    zcache_status status =
        zcache_plugin_each(cli_session_source(cli), cli->config_file, &options, list_one, &rows);
    if (cli->json) {
        cli_json_end(cli, ']');
        cli_json_line(cli);
    }
    cli_exit result = cli_table_print(cli, &rows.table, "");
    return cli_worse(result, cli_report(cli, status));
}

/* ---- info: the options ------------------------------------------------------------------------
 */

static const char *const type_names[] = {"string", "int",  "size", "duration",
                                         "bool",   "enum", "list", "fraction"};

static const char *type_name(const zcache_option *option)
{
    size_t type = (size_t)option->type;
    return type < sizeof(type_names) / sizeof(type_names[0]) ? type_names[type] : "unknown";
}

static bool is_number(const zcache_option *option)
{
    return option->type == ZCACHE_OPTION_INT || option->type == ZCACHE_OPTION_SIZE ||
           option->type == ZCACHE_OPTION_DURATION;
}

static void format_limit(const zcache_option *option, int64_t limit, char *text)
{
    if (option->type == ZCACHE_OPTION_SIZE)
        cli_format_size(limit, text);
    else if (option->type == ZCACHE_OPTION_DURATION)
        cli_format_duration(limit, text);
    else
        snprintf(text, 32, "%" PRId64, limit);
}

/* "1 to 64", "0% to 100%", "a | b", or "". */
static void format_range(const zcache_option *option, char *text, size_t size)
{
    text[0] = '\0';
    if (is_number(option) && (option->min != 0 || option->max != 0)) {
        char min[32];
        char max[32];
        format_limit(option, option->min, min);
        format_limit(option, option->max, max);
        snprintf(text, size, "%s to %s", min, max);
    }
    if (option->type == ZCACHE_OPTION_FRACTION)
        snprintf(text, size, "0%% to 100%%");
    for (size_t i = 0; option->choices != NULL && option->choices[i] != NULL; i++) {
        size_t used = strlen(text);
        snprintf(text + used, size - used, "%s%s", i > 0 ? " | " : "", option->choices[i]);
    }
}

static bool is_secret(const zcache_option *option)
{
    return (option->flags & ZCACHE_OPTION_SECRET) != 0;
}

static bool is_required(const zcache_option *option)
{
    return (option->flags & ZCACHE_OPTION_REQUIRED) != 0;
}

static void option_row(cli_table *table, const zcache_option *option)
{
    char range[256];
    format_range(option, range, sizeof(range));
    const char *value = option->default_value; /* never secret: anybody has the plugin */
    cli_table_cell(table, "%s", option->key);
    cli_table_cell(table, "%s", type_name(option));
    cli_table_cell(table, "%s",
                   is_required(option) ? "required"
                   : value == NULL     ? "-"
                   : value[0] == '\0'  ? "\"\""
                                       : value);
    cli_table_cell(table, "%s", range[0] != '\0' ? range : "-");
    cli_table_cell(table, "%s%s", option->help != NULL ? option->help : "",
                   is_secret(option) ? " (secret)" : "");
}

void cli_json_option(cli_program *cli, const zcache_option *option)
{
    cli_json_name(cli, "type");
    cli_json_text(cli, type_name(option));
    cli_json_name(cli, "default");
    cli_json_text(cli, option->default_value);
    if (is_number(option) && (option->min != 0 || option->max != 0)) {
        cli_json_name(cli, "min");
        cli_json_integer(cli, option->min);
        cli_json_name(cli, "max");
        cli_json_integer(cli, option->max);
    }
    if (option->type == ZCACHE_OPTION_FRACTION) {
        cli_json_name(cli, "min");
        cli_json_integer(cli, 0);
        cli_json_name(cli, "max");
        cli_json_integer(cli, 1);
    }
    if (option->choices != NULL) {
        cli_json_name(cli, "choices");
        cli_json_begin(cli, '[');
        for (size_t i = 0; option->choices[i] != NULL; i++)
            cli_json_text(cli, option->choices[i]);
        cli_json_end(cli, ']');
    }
    cli_json_name(cli, "required");
    cli_json_bool(cli, is_required(option));
    cli_json_name(cli, "secret");
    cli_json_bool(cli, is_secret(option));
    cli_json_name(cli, "help");
    cli_json_text(cli, option->help);
}

static void option_json(cli_program *cli, const zcache_option *option)
{
    cli_json_begin(cli, '{');
    cli_json_name(cli, "key");
    cli_json_text(cli, option->key);
    cli_json_option(cli, option);
    cli_json_end(cli, '}');
}

/* An older plugin's entries are shorter than ours: its own stride counts. */
static const zcache_option *option_at(const zcache_descriptor *plugin, size_t i)
{
    size_t stride = plugin->option_stride != 0 ? plugin->option_stride : sizeof(zcache_option);
    return (const void *)((const char *)plugin->options + i * stride);
}

/* ---- info: the rest ---------------------------------------------------------------------------
 */

/* What a codec has too. */
static void info_json_common(cli_program *cli, const zcache_plugin_info *info)
{
    const zcache_descriptor *plugin = info->descriptor;
    const struct {
        const char *name;
        const char *text;
    } texts[] = {
        {"name", info->name},
        {"version", plugin->version},
        {"summary", plugin->summary},
        {"file", info->file},
        {"kind", kind_name(plugin->kind)},
        {"capabilities", info->capabilities},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        cli_json_name(cli, texts[i].name);
        cli_json_text(cli, texts[i].text);
    }
    cli_json_name(cli, "abi_major");
    cli_json_integer(cli, plugin->abi_major);
    cli_json_name(cli, "abi_minor");
    cli_json_integer(cli, plugin->abi_minor);
    cli_json_name(cli, "resident");
    cli_json_bool(cli, (plugin->flags & ZCACHE_PLUGIN_RESIDENT) != 0);
}

/* What only providers and filters have. */
static void info_json_store(cli_program *cli, const zcache_plugin_info *info)
{
    const zcache_descriptor *plugin = info->descriptor;
    const struct {
        const char *name;
        const char *text;
    } texts[] = {
        {"threads", plugin->threads == ZCACHE_THREADS_SERIALIZED ? "serialized" : "parallel"},
        {"key_bytes", plugin->key_bytes == ZCACHE_KEY_TEXT ? "text" : "any"},
        {"native", plugin->native != NULL ? plugin->native->type : NULL},
    };
    const struct {
        const char *name;
        int64_t number;
    } numbers[] = {
        {"key_max", (int64_t)plugin->key_max},
        {"value_max", (int64_t)plugin->value_max},
        {"ttl_granule_ms", plugin->ttl_granule_ms > 0 ? plugin->ttl_granule_ms : 1},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        cli_json_name(cli, texts[i].name);
        cli_json_text(cli, texts[i].text);
    }
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        cli_json_name(cli, numbers[i].name);
        cli_json_integer(cli, numbers[i].number);
    }
    cli_json_name(cli, "options");
    cli_json_begin(cli, '[');
    for (size_t i = 0; i < plugin->option_count; i++)
        option_json(cli, option_at(plugin, i));
    cli_json_end(cli, ']');
}

static void info_json(cli_program *cli, const zcache_plugin_info *info)
{
    cli_json_begin(cli, '{');
    info_json_common(cli, info);
    if (info->descriptor->kind != ZCACHE_KIND_CODEC)
        info_json_store(cli, info);
    cli_json_end(cli, '}');
    cli_json_line(cli);
}

static void limit_row(cli_table *table, const char *what, const char *form, size_t limit)
{
    cli_table_cell(table, "%s", what);
    if (limit > 0)
        cli_table_cell(table, "%s, at most %zu bytes", form, limit);
    else
        cli_table_cell(table, "%s, of any length", form);
}

static void info_row(cli_table *table, const char *what, const char *text)
{
    cli_table_cell(table, "%s", what);
    cli_table_cell(table, "%s", text);
}

/* What a codec has too. */
static void info_rows_common(cli_table *table, const zcache_plugin_info *info)
{
    const zcache_descriptor *plugin = info->descriptor;
    info_row(table, "file", info->file);
    info_row(table, "kind", kind_name(plugin->kind));
    info_row(table, "capabilities", info->capabilities);
    info_row(table, "unloading",
             (plugin->flags & ZCACHE_PLUGIN_RESIDENT) != 0 ? "never: it stays in memory once loaded"
             : plugin->kind == ZCACHE_KIND_CODEC           ? "when its last cache is closed"
                                                 : "when its last cache is closed or swapped");
    cli_table_cell(table, "ABI");
    cli_table_cell(table, "%d.%d", plugin->abi_major, plugin->abi_minor);
}

/* What only providers and filters have. */
static void info_rows_store(cli_table *table, const zcache_plugin_info *info)
{
    const zcache_descriptor *plugin = info->descriptor;
    const char *const rows[][2] = {
        {"threads", plugin->threads == ZCACHE_THREADS_SERIALIZED
                        ? "one operation at a time (the library takes a lock)"
                        : "operations run in parallel"},
        {"native", plugin->native != NULL ? plugin->native->type : "none"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        info_row(table, rows[i][0], rows[i][1]);
    bool text_keys = plugin->key_bytes == ZCACHE_KEY_TEXT;
    limit_row(table, "keys", text_keys ? "any bytes (percent-encoded there)" : "any bytes",
              plugin->key_max);
    limit_row(table, "values", "any bytes", plugin->value_max);
    char granule[32];
    cli_format_duration(plugin->ttl_granule_ms > 0 ? plugin->ttl_granule_ms : 1, granule);
    cli_table_cell(table, "TTL granule");
    cli_table_cell(table, "%s", granule);
}

typedef struct info_user {
    cli_program *cli;
    cli_exit result;
} info_user;

static void info_one(void *user, const zcache_plugin_info *info)
{
    info_user *out = user;
    cli_program *cli = out->cli;
    const zcache_descriptor *plugin = info->descriptor;
    if (cli->json) {
        info_json(cli, info);
        return;
    }
    cli_print(cli, "%s %s: %s\n", info->name, plugin->version != NULL ? plugin->version : "",
              plugin->summary != NULL ? plugin->summary : "");
    cli_table table = {.columns = 2};
    info_rows_common(&table, info);
    if (plugin->kind != ZCACHE_KIND_CODEC)
        info_rows_store(&table, info);
    out->result = cli_table_print(cli, &table, "  ");
    if (plugin->kind == ZCACHE_KIND_CODEC)
        return;
    if (plugin->option_count == 0) {
        cli_print(cli, "\nNo options.\n");
        return;
    }
    cli_print(cli, "\nOptions, section [%s]:\n", info->name);
    const char *const heads[] = {"key", "type", "default", "allowed", ""};
    table.columns = sizeof(heads) / sizeof(heads[0]);
    for (size_t i = 0; i < table.columns; i++)
        cli_table_cell(&table, "%s", heads[i]);
    for (size_t i = 0; i < plugin->option_count; i++)
        option_row(&table, option_at(plugin, i));
    out->result = cli_worse(out->result, cli_table_print(cli, &table, "  "));
}

cli_exit cli_plugin_info(cli_program *cli, const cli_arguments *arguments)
{
    const char *name = cli_operand_text(cli, arguments, 0);
    if (name == NULL)
        return CLI_USAGE;
    info_user user = {cli, CLI_DONE};
    zcache_options options = cli_session_options(cli);
    zcache_status status = zcache_plugin_inspect(cli_session_source(cli), cli->config_file,
                                                 &options, name, info_one, &user);
    return cli_worse(user.result, cli_report(cli, status));
}
