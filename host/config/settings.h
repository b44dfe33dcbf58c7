/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The store of settings: what files, the environment and options said, each with the place it came
 * from, before anything is known of its meaning. Of several for one key the highest rank counts.
 */
#ifndef ZC_CONFIG_SETTINGS_H
#define ZC_CONFIG_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <zcache/types.h>

/* Who said it: the later in this list wins. */
typedef enum zc_rank { ZC_RANK_FILE, ZC_RANK_ENVIRONMENT, ZC_RANK_OPTION } zc_rank;

/* All strings belong to the store. */
typedef struct zc_setting {
    zc_rank rank;
    const char *section; /* NULL for a variable of the environment: its name is in `key` */
    const char *key;     /* "timeout"; "ZCACHE_CACHE_TIMEOUT" */
    const char *text;    /* the value */
    const char *origin;  /* "zcache.ini:12", "environment REDIS_URL", "option" */
    unsigned line;       /* in its file, else 0 */
    unsigned continued;  /* the first indented line that was appended to it, else 0 */
    bool commented;      /* a comment stood behind the value and was cut off */
} zc_setting;

/* A section that was named, with or without settings in it. */
typedef struct zc_section {
    const char *name;
    const char *origin;
    unsigned line;
} zc_section;

typedef struct zc_settings {
    zc_setting *items; /* of files and options, in the order they were set */
    size_t count;
    zc_section *sections; /* in the order they were first named */
    size_t section_count;
    zc_setting *variables; /* of the environment (environment.h) */
    size_t variable_count;
} zc_settings;

#define ZC_SETTINGS_INIT \
    {                    \
        0                \
    }

/* Releases everything, overwriting values first: some are passwords. */
void zc_settings_free(zc_settings *settings);

/* Adds a setting; strings are copied. Of equal rank the later one replaces the earlier. */
zcache_status zc_settings_add(zc_settings *settings, const zc_setting *setting);

/* Adds text to the setting that was added last, after a blank. */
zcache_status zc_settings_append(zc_settings *settings, const char *text, unsigned line);

/* Adds a section unless it is there. */
zcache_status zc_settings_add_section(zc_settings *settings, const char *name, const char *origin,
                                      unsigned line);
const zc_section *zc_settings_section(const zc_settings *settings, const char *name);

/* A "section.key=value" string: the key is what follows the last dot before the `=`. `origin` is
 * where it comes from: "option", "control socket". */
zcache_status zc_settings_add_option(zc_settings *settings, const char *option, const char *origin);

/* Several of them; NULL: none. */
zcache_status zc_settings_add_options(zc_settings *settings, const char *const *options,
                                      const char *origin);

/* The provider is `name`, whatever else was said. */
zcache_status zc_settings_add_provider(zc_settings *settings, const char *name, const char *origin);

/* What counts for a key, or NULL. */
const zc_setting *zc_settings_find(const zc_settings *settings, const char *section,
                                   const char *key);

/* What counts for a key among settings of one rank (not ZC_RANK_ENVIRONMENT), or NULL. */
const zc_setting *zc_settings_find_rank(const zc_settings *settings, const char *section,
                                        const char *key, zc_rank rank);

/* Forgets what files and options said of a key; NULL: of all keys of the section. */
void zc_settings_remove(zc_settings *settings, const char *section, const char *key);

/* `to`, which must be empty, becomes a copy. On failure it is empty. */
zcache_status zc_settings_copy(const zc_settings *from, zc_settings *to);

/* Adds all that another store says of variables and keys. */
zcache_status zc_settings_lay_over(zc_settings *settings, const zc_settings *over);

/* Whether both say the same in the same places. */
bool zc_settings_same(const zc_settings *a, const zc_settings *b);

/* Appends a copy of a setting to one of the two arrays. For environment.c. */
zcache_status zc_settings_push(zc_setting **items, size_t *count, const zc_setting *setting);

#endif
