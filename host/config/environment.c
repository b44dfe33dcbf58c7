/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * A variable's name does not tell where its section ends (ZCACHE_A_B_C), so variables are kept
 * under their whole names and looked up by making the name of the section and key that is wanted.
 */
#include "config/environment.h"

#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "base/allocator.h"
#include "base/error.h"
#include "config/suggest.h"

/* Names that do not follow from section and key. Of several set for one key the first in this
 * table counts; the general name stands after ours and before other people's. */
static const struct alias {
    const char *variable;
    const char *section;
    const char *key;
    bool ours;
} aliases[] = {
    {"ZCACHE_PROVIDER", "cache", "provider", true},
    {"ZCACHE_PLUGIN_PATH", "cache", "plugin_path", true},
    {"CACHE_PROVIDER", "cache", "provider", false},
    {"REDIS_URL", "redis", "url", false},
    {"MEMCACHED_SERVERS", "memcached", "servers", false},
};
#define ALIAS_COUNT (sizeof(aliases) / sizeof(aliases[0]))

static const struct alias *alias_of(const char *name)
{
    for (size_t i = 0; i < ALIAS_COUNT; i++)
        if (strcmp(name, aliases[i].variable) == 0)
            return &aliases[i];
    return NULL;
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* Variables of the library that are no settings. */
static bool is_reserved(const char *name)
{
    return strcmp(name, "ZCACHE_CONF") == 0 || strcmp(name, "ZCACHE_KEEP_MODULES") == 0 ||
           begins(name, "ZCACHE_TEST_");
}

static char upper(char byte)
{
    if (byte >= 'a' && byte <= 'z')
        return (char)(byte - 'a' + 'A');
    if ((byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9'))
        return byte;
    return '_';
}

/* "ZCACHE_<PART>_" into `name`. Returns its size; 0 if it does not fit. */
static size_t write_prefix(char name[ZC_VARIABLE_MAX], const char *part)
{
    static const char head[] = "ZCACHE_";
    size_t size = sizeof(head) - 1, part_size = strlen(part);
    if (size + part_size + 2 > ZC_VARIABLE_MAX)
        return 0;
    memcpy(name, head, size);
    for (size_t i = 0; i < part_size; i++)
        name[size++] = upper(part[i]);
    name[size++] = '_';
    name[size] = '\0';
    return size;
}

const char *zc_environment_rest(const zc_setting *variable, const char *part)
{
    char prefix[ZC_VARIABLE_MAX];
    size_t size = write_prefix(prefix, part);
    if (size == 0 || strncmp(variable->key, prefix, size) != 0 || alias_of(variable->key) != NULL)
        return NULL;
    return variable->key + size;
}

bool zc_environment_means(const char *rest, const char *word)
{
    for (; *rest != '\0' && *word != '\0'; rest++, word++)
        if (*rest != upper(*word))
            return false;
    return *rest == *word;
}

bool zc_environment_same(const char *a, const char *b)
{
    while (*a != '\0' && upper(*a) == upper(*b) && *b != '\0') {
        a++;
        b++;
    }
    return *a == *b;
}

bool zc_environment_is_path(const zc_setting *variable)
{
    return variable->rank == ZC_RANK_ENVIRONMENT &&
           strcmp(variable->key, "ZCACHE_PLUGIN_PATH") == 0;
}

const char *zc_environment_file(void)
{
    const char *path = secure_getenv("ZCACHE_CONF");
    return path != NULL && *path != '\0' ? path : NULL;
}

/* A variable of ours mistyped would be ignored in silence. */
static zcache_status check_name(const char *name)
{
    static const char *const known[] = {"ZCACHE_CONF", "ZCACHE_PROVIDER", "ZCACHE_PLUGIN_PATH"};
    static const size_t head = sizeof("ZCACHE_") - 1;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (zc_suggest_near(name + head, known[i] + head))
            return zc_error(ZCACHE_E_CONFIG, "environment %s: no such variable; did you mean %s?",
                            name, known[i]);
    return ZCACHE_OK;
}

static zcache_status add_variable(zc_settings *settings, const char *entry)
{
    const char *equals = strchr(entry, '=');
    if (equals == NULL || equals - entry >= ZC_VARIABLE_MAX)
        return ZCACHE_OK;
    char name[ZC_VARIABLE_MAX], origin[ZC_VARIABLE_MAX + sizeof("environment ")] = "environment ";
    memcpy(name, entry, (size_t)(equals - entry));
    name[equals - entry] = '\0';
    strcat(origin, name);

    const struct alias *alias = alias_of(name);
    if (alias == NULL && (!begins(name, "ZCACHE_") || is_reserved(name)))
        return ZCACHE_OK;
    if (alias != NULL && equals[1] == '\0')
        return ZCACHE_OK; /* `REDIS_URL= command` is how a shell user unsets it */
    if (alias == NULL && check_name(name) != ZCACHE_OK)
        return ZCACHE_E_CONFIG;
    return zc_settings_push(
        &settings->variables, &settings->variable_count,
        &(zc_setting){
            .rank = ZC_RANK_ENVIRONMENT, .key = name, .text = equals + 1, .origin = origin});
}

zcache_status zc_environment_load(zc_settings *settings)
{
    if (environ == NULL || getauxval(AT_SECURE) != 0)
        return ZCACHE_OK;
    zcache_status status = ZCACHE_OK;
    for (char **entry = environ; *entry != NULL && status == ZCACHE_OK; entry++)
        status = add_variable(settings, *entry);
    return status;
}

static const zc_setting *find_variable(const zc_settings *settings, const char *name)
{
    for (size_t i = 0; i < settings->variable_count; i++)
        if (strcmp(settings->variables[i].key, name) == 0)
            return &settings->variables[i];
    return NULL;
}

static const zc_setting *find_alias(const zc_settings *settings, const char *section,
                                    const char *key, bool ours)
{
    const zc_setting *found = NULL;
    for (size_t i = 0; i < ALIAS_COUNT && found == NULL; i++)
        if (aliases[i].ours == ours && strcmp(aliases[i].section, section) == 0 &&
            strcmp(aliases[i].key, key) == 0)
            found = find_variable(settings, aliases[i].variable);
    return found;
}

const zc_setting *zc_environment_find(const zc_settings *settings, const char *section,
                                      const char *key)
{
    const zc_setting *found = find_alias(settings, section, key, true);
    for (size_t i = 0; i < settings->variable_count && found == NULL; i++) {
        const char *rest = zc_environment_rest(&settings->variables[i], section);
        if (rest != NULL && zc_environment_means(rest, key))
            found = &settings->variables[i];
    }
    return found != NULL ? found : find_alias(settings, section, key, false);
}
