/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Fields are written with memcpy, at offsets that are checked against the size of the struct: a
 * table comes from a plugin. Every string is a copy, so releasing the struct needs the table only.
 */
#include "config/options.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/allocator.h"
#include "base/error.h"
#include "config/environment.h"
#include "config/suggest.h"
#include "config/values.h"

#define LIST_SEPARATORS ", \t"

zcache_option zc_option_at(const zc_option_table *table, size_t i)
{
    zcache_option option = {0};
    const char *entry = (const char *)table->options + i * table->stride;
    memcpy(&option, entry, table->stride < sizeof(option) ? table->stride : sizeof(option));
    return option;
}

/* ---- messages -------------------------------------------------------------------------------- */

zcache_status zc_option_refuse(const zc_setting *setting, const char *section,
                               const zcache_option *option, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    zc_error_va(ZCACHE_E_CONFIG, format, arguments);
    va_end(arguments);
    if (setting == NULL) {
        zc_error_prefix("plugin %s: the default of option %s: ", section, option->key);
        return ZCACHE_E_PLUGIN;
    }
    if ((option->flags & ZCACHE_OPTION_SECRET) != 0) {
        zc_error_prefix("%s: [%s] %s: ", setting->origin, section, option->key);
        return ZCACHE_E_CONFIG;
    }
    if (setting->text[0] == '"' || setting->text[0] == '\'')
        zc_error(ZCACHE_E_CONFIG, "%s; quotes are part of a value: write it without",
                 zc_error_text());
    zc_error_prefix("%s: [%s] %s = \"%.100s\": ", setting->origin, section, option->key,
                    setting->text);
    return ZCACHE_E_CONFIG;
}

/* Why a key is unknown, into the thread's message: the nearest known key, or all of them. */
static zcache_status refuse_key(const char *origin, const char *section, const char *key,
                                const zc_option_table *table)
{
    size_t best = SIZE_MAX;
    const char *nearest = NULL;
    for (size_t i = 0; i < table->count; i++) {
        zcache_option option = zc_option_at(table, i);
        size_t distance = zc_suggest_distance(key, option.key);
        if (distance < best && zc_suggest_near(key, option.key)) {
            best = distance;
            nearest = option.key;
        }
    }
    if (nearest != NULL)
        return zc_error(ZCACHE_E_CONFIG, "%s: [%s] %s: no such key; did you mean \"%s\"?", origin,
                        section, key, nearest);
    if (table->count == 0)
        return zc_error(ZCACHE_E_CONFIG, "%s: [%s] %s: no such key: %s takes no options", origin,
                        section, key, section);
    char known[ZC_ERROR_MAX] = "";
    size_t size = 0;
    for (size_t i = 0; i < table->count && size + 64 < sizeof(known); i++) {
        zcache_option option = zc_option_at(table, i);
        int added =
            snprintf(known + size, sizeof(known) - size, "%s%s", i == 0 ? "" : ", ", option.key);
        size += added > 0 ? (size_t)added : 0;
    }
    return zc_error(ZCACHE_E_CONFIG, "%s: [%s] %s: no such key; there are %s", origin, section, key,
                    known);
}

static bool has_key(const zc_option_table *table, const char *key)
{
    for (size_t i = 0; i < table->count; i++)
        if (strcmp(zc_option_at(table, i).key, key) == 0)
            return true;
    return false;
}

/* ZCACHE_REDIS_CLUSTER_NODES belongs to [redis-cluster], where there is one, and not to [redis]. */
static bool is_of_longer_section(const zc_settings *settings, const zc_setting *variable,
                                 const char *section)
{
    for (size_t i = 0; i < settings->section_count; i++) {
        const char *other = settings->sections[i].name;
        if (strlen(other) > strlen(section) && zc_environment_rest(variable, other) != NULL)
            return true;
    }
    return false;
}

static zcache_status check_variable(const zc_settings *settings, const zc_setting *variable,
                                    const char *section, const zc_option_table *table)
{
    const char *rest = zc_environment_rest(variable, section);
    if (rest == NULL || is_of_longer_section(settings, variable, section))
        return ZCACHE_OK;
    for (size_t i = 0; i < table->count; i++)
        if (zc_environment_means(rest, zc_option_at(table, i).key))
            return ZCACHE_OK;
    return refuse_key(variable->origin, section, rest, table);
}

zcache_status zc_options_check_keys(const zc_settings *settings, const char *section,
                                    const zc_option_table *table)
{
    for (size_t i = 0; i < settings->count; i++) {
        const zc_setting *setting = &settings->items[i];
        if (strcmp(setting->section, section) == 0 && !has_key(table, setting->key))
            return refuse_key(setting->origin, section, setting->key, table);
    }
    return ZCACHE_OK;
}

zcache_status zc_options_check(const zc_settings *settings, const char *section,
                               const zc_option_table *table)
{
    zcache_status status = zc_options_check_keys(settings, section, table);
    for (size_t i = 0; i < settings->variable_count && status == ZCACHE_OK; i++)
        status = check_variable(settings, &settings->variables[i], section, table);
    return status;
}

/* ---- lists ----------------------------------------------------------------------------------- */

const char *zc_list_separators(const zc_setting *setting)
{
    return setting != NULL && zc_environment_is_path(setting) ? ":" : LIST_SEPARATORS;
}

/* One block holds the pointers, then the text. */
zcache_status zc_list_make(const char *text, const char *separators, zcache_list *list)
{
    size_t count = 0;
    for (const char *at = text + strspn(text, separators); *at != '\0'; count++) {
        at += strcspn(at, separators);
        at += strspn(at, separators);
    }
    char **items = zc_alloc((count + 1) * sizeof(*items) + strlen(text) + 1);
    if (items == NULL)
        return zc_error_nomem();
    char *at = (char *)(items + count + 1);
    memcpy(at, text, strlen(text) + 1);
    for (size_t i = 0; i < count; i++) {
        at += strspn(at, separators);
        items[i] = at;
        at += strcspn(at, separators);
        if (*at != '\0')
            *at++ = '\0';
    }
    items[count] = NULL;
    *list = (zcache_list){.count = count, .items = (const char *const *)items};
    return ZCACHE_OK;
}

void zc_list_free(zcache_list *list)
{
    void *block; /* the struct shows it as const to its users; it is ours */
    memcpy(&block, &list->items, sizeof(block));
    zc_free(block);
    *list = (zcache_list){0};
}

/* ---- values ---------------------------------------------------------------------------------- */

size_t zc_option_field_size(zcache_option_type type)
{
    switch (type) {
    case ZCACHE_OPTION_STRING:
        return sizeof(const char *);
    case ZCACHE_OPTION_INT:
    case ZCACHE_OPTION_SIZE:
    case ZCACHE_OPTION_DURATION:
        return sizeof(int64_t);
    case ZCACHE_OPTION_BOOL:
        return sizeof(bool);
    case ZCACHE_OPTION_ENUM:
        return sizeof(int);
    case ZCACHE_OPTION_LIST:
        return sizeof(zcache_list);
    case ZCACHE_OPTION_FRACTION:
        return sizeof(double);
    }
    return 0; /* of a type that a later version brings */
}

static const char *show_number(zcache_option_type type, int64_t number,
                               char shown[ZC_VALUE_SHOWN_MAX])
{
    return type == ZCACHE_OPTION_SIZE       ? zc_value_show_size(number, shown)
           : type == ZCACHE_OPTION_DURATION ? zc_value_show_duration(number, shown)
                                            : zc_value_show_int(number, shown);
}

/* INT, SIZE, DURATION */
static zcache_status fill_number(const zc_setting *setting, const char *section,
                                 const zcache_option *option, const char *text, char *field)
{
    int64_t number;
    const char *wrong = option->type == ZCACHE_OPTION_SIZE       ? zc_value_size(text, &number)
                        : option->type == ZCACHE_OPTION_DURATION ? zc_value_duration(text, &number)
                                                                 : zc_value_int(text, &number);
    if (wrong != NULL)
        return zc_option_refuse(setting, section, option, "%s", wrong);
    bool limited = option->min != 0 || option->max != 0;
    if (limited && (number < option->min || number > option->max)) {
        char min[ZC_VALUE_SHOWN_MAX], max[ZC_VALUE_SHOWN_MAX];
        const char *least = show_number(option->type, option->min, min);
        const char *most = show_number(option->type, option->max, max);
        if (option->type == ZCACHE_OPTION_DURATION && option->min == -1)
            return zc_option_refuse(setting, section, option, "must be never, or at most %s", most);
        if (option->max == INT64_MAX)
            return zc_option_refuse(setting, section, option, "must be %s or more", least);
        return zc_option_refuse(setting, section, option, "must be %s to %s", least, most);
    }
    memcpy(field, &number, sizeof(number));
    return ZCACHE_OK;
}

static zcache_status fill_bool(const zc_setting *setting, const char *section,
                               const zcache_option *option, const char *text, char *field)
{
    bool truth;
    const char *wrong = zc_value_bool(text, &truth);
    if (wrong != NULL)
        return zc_option_refuse(setting, section, option, "%s", wrong);
    memcpy(field, &truth, sizeof(truth));
    return ZCACHE_OK;
}

static zcache_status fill_fraction(const zc_setting *setting, const char *section,
                                   const zcache_option *option, const char *text, char *field)
{
    double fraction;
    const char *wrong = zc_value_fraction(text, &fraction);
    if (wrong != NULL)
        return zc_option_refuse(setting, section, option, "%s", wrong);
    memcpy(field, &fraction, sizeof(fraction));
    return ZCACHE_OK;
}

static zcache_status fill_enum(const zc_setting *setting, const char *section,
                               const zcache_option *option, const char *text, char *field)
{
    char choices[ZC_ERROR_MAX / 2] = "";
    size_t size = 0;
    for (int i = 0; option->choices != NULL && option->choices[i] != NULL; i++) {
        if (strcmp(option->choices[i], text) == 0) {
            memcpy(field, &i, sizeof(i));
            return ZCACHE_OK;
        }
        if (size < sizeof(choices))
            size += (size_t)snprintf(choices + size, sizeof(choices) - size, "%s%s",
                                     i == 0 ? "" : ", ", option->choices[i]);
    }
    return zc_option_refuse(setting, section, option, "must be one of: %s", choices);
}

static zcache_status fill_string(const char *text, char *field)
{
    char *copy = zc_strdup(text);
    if (copy == NULL)
        return zc_error_nomem();
    memcpy(field, &copy, sizeof(copy));
    return ZCACHE_OK;
}

static zcache_status fill_list(const zc_setting *setting, const char *text, char *field)
{
    zcache_list list;
    zcache_status status = zc_list_make(text, zc_list_separators(setting), &list);
    if (status == ZCACHE_OK)
        memcpy(field, &list, sizeof(list));
    return status;
}

/* What only the file's reader saw, and only the type of the option makes wrong. */
static zcache_status check_lines(const zc_setting *setting, const char *section,
                                 const zcache_option *option)
{
    if (setting->commented && (option->flags & ZCACHE_OPTION_SECRET) != 0)
        return zc_option_refuse(setting, section, option,
                                "a semicolon after a blank begins a comment, and this value is "
                                "secret: put the comment on a line of its own, or, if it belongs "
                                "to the value, give the value by the environment");
    if (setting->continued != 0 && option->type != ZCACHE_OPTION_LIST) {
        const char *colon = strrchr(setting->origin, ':');
        return zc_error(ZCACHE_E_CONFIG,
                        "%.*s:%u: this line is indented, so that it continues [%s] %s of line %u, "
                        "which is not a list: remove the blanks at its start",
                        (int)(colon != NULL ? colon - setting->origin : 0), setting->origin,
                        setting->continued, section, option->key, setting->line);
    }
    return ZCACHE_OK;
}

static zcache_status fill_option(const zc_settings *settings, const char *section,
                                 const zcache_option *option, char *field)
{
    const zc_setting *setting = zc_settings_find(settings, section, option->key);
    const char *text = setting != NULL ? setting->text : option->default_value;
    if (setting != NULL) {
        zcache_status status = check_lines(setting, section, option);
        if (status != ZCACHE_OK)
            return status;
    } else if ((option->flags & ZCACHE_OPTION_REQUIRED) != 0) {
        return zc_error(ZCACHE_E_CONFIG, "[%s] %s: must be set: %s", section, option->key,
                        option->help != NULL ? option->help : "it has no default");
    } else if (text == NULL && option->type != ZCACHE_OPTION_LIST) {
        return ZCACHE_OK;
    }
    switch (option->type) {
    case ZCACHE_OPTION_STRING:
        return fill_string(text, field);
    case ZCACHE_OPTION_INT:
    case ZCACHE_OPTION_SIZE:
    case ZCACHE_OPTION_DURATION:
        return fill_number(setting, section, option, text, field);
    case ZCACHE_OPTION_BOOL:
        return fill_bool(setting, section, option, text, field);
    case ZCACHE_OPTION_ENUM:
        return fill_enum(setting, section, option, text, field);
    case ZCACHE_OPTION_LIST:
        return fill_list(setting, text != NULL ? text : "", field);
    case ZCACHE_OPTION_FRACTION:
        return fill_fraction(setting, section, option, text, field);
    }
    return zc_error(ZCACHE_E_PLUGIN, "plugin %s: option %s has a type that is not known here",
                    section, option->key);
}

zcache_status zc_options_fill(const zc_settings *settings, const char *section,
                              const zc_option_table *table, void *target)
{
    zcache_status status = ZCACHE_OK;
    for (size_t i = 0; i < table->count && status == ZCACHE_OK; i++) {
        zcache_option option = zc_option_at(table, i);
        size_t size = zc_option_field_size(option.type);
        if (size > table->struct_size || option.offset > table->struct_size - size)
            status = zc_error(ZCACHE_E_PLUGIN,
                              "plugin %s: option %s lies outside of the plugin's struct", section,
                              option.key);
        else
            status = fill_option(settings, section, &option, (char *)target + option.offset);
    }
    if (status != ZCACHE_OK)
        zc_options_release(table, target);
    return status;
}

static void release_string(const zcache_option *option, char *field)
{
    char *text;
    memcpy(&text, field, sizeof(text));
    if (text != NULL && (option->flags & ZCACHE_OPTION_SECRET) != 0)
        explicit_bzero(text, strlen(text));
    zc_free(text);
    text = NULL;
    memcpy(field, &text, sizeof(text));
}

static void release_list(char *field)
{
    zcache_list list;
    memcpy(&list, field, sizeof(list));
    zc_list_free(&list);
    memcpy(field, &list, sizeof(list));
}

void zc_options_release(const zc_option_table *table, void *target)
{
    for (size_t i = 0; i < table->count; i++) {
        zcache_option option = zc_option_at(table, i);
        size_t size = zc_option_field_size(option.type);
        if (size > table->struct_size || option.offset > table->struct_size - size)
            continue;
        if (option.type == ZCACHE_OPTION_STRING)
            release_string(&option, (char *)target + option.offset);
        else if (option.type == ZCACHE_OPTION_LIST)
            release_list((char *)target + option.offset);
    }
}
