/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The list of registered codecs. It only grows, so an entry that was found stays what it is.
 */
#include "codec/registry.h"

#include <pthread.h>
#include <stdio.h>

#include "base/allocator.h"
#include "base/error.h"
#include "codec/custom.h"
#include "config/suggest.h"
#include "loader/module.h"
#include "loader/search.h"

typedef struct entry {
    struct entry *next;
    char name[ZCACHE_NAME_SIZE];
    const zcache_codec *codec;
} entry;

/* `lock` guards the list; nothing else is taken while it is held. */
static struct {
    pthread_mutex_t lock;
    entry *first;
} registry = {.lock = PTHREAD_MUTEX_INITIALIZER};

static const struct {
    const char *name;
    zc_encode_fn *encode;
    zc_decode_fn *decode;
    bool (*holds)(const zc_plan *plan); /* NULL: any type */
    const char *type;                   /* that it holds */
} built_in[] = {
    {"bytes", zc_bytes_encode, zc_bytes_decode, zc_plan_is_bytes, "zcache_bytes"},
    {"string", zc_string_encode, zc_string_decode, zc_plan_is_string, "zcache_string"},
    {"json", zc_json_encode, zc_json_decode, NULL, NULL},
    {"msgpack", zc_msgpack_encode, zc_msgpack_decode, NULL, NULL},
};
#define BUILT_IN (sizeof(built_in) / sizeof(built_in[0]))

static size_t find_built_in(const char *name)
{
    size_t i = 0;
    while (i < BUILT_IN && strcmp(built_in[i].name, name) != 0)
        i++;
    return i;
}

static const entry *find_registered(const char *name)
{
    pthread_mutex_lock(&registry.lock);
    const entry *one = registry.first;
    pthread_mutex_unlock(&registry.lock);
    while (one != NULL && strcmp(one->name, name) != 0)
        one = one->next;
    return one;
}

/* ---- registering ----------------------------------------------------------------------------- */

ZCACHE_PUBLIC zcache_status zcache_codec_register(const char *name, const zcache_codec *codec)
{
    if (name == NULL || !zc_search_name_is_legal(name))
        return zc_error(ZCACHE_E_INVALID,
                        "\"%.40s\" is not a codec's name: expected [a-z][a-z0-9_-]{0,31}",
                        name != NULL ? name : "");
    if (codec == NULL || codec->size < sizeof(*codec))
        return zc_error(ZCACHE_E_INVALID, "codec %s: size: expected sizeof(zcache_codec)", name);
    const char *fault = zc_custom_fault(codec);
    if (fault != NULL)
        return zc_error(ZCACHE_E_INVALID, "codec %s: %s", name, fault);
    if (find_built_in(name) < BUILT_IN)
        return zc_error(ZCACHE_E_BUSY, "the codec %s is built in", name);
    entry *added = zc_calloc(1, sizeof(*added));
    if (added == NULL)
        return zc_error_nomem();
    strcpy(added->name, name);
    added->codec = codec;
    pthread_mutex_lock(&registry.lock);
    const entry *same = registry.first;
    while (same != NULL && strcmp(same->name, name) != 0)
        same = same->next;
    if (same == NULL) {
        added->next = registry.first;
        registry.first = added;
    }
    pthread_mutex_unlock(&registry.lock);
    if (same == NULL)
        return ZCACHE_OK;
    zc_free(added);
    return zc_error(ZCACHE_E_BUSY, "a codec %s is registered already", name);
}

/* ---- what else there is ---------------------------------------------------------------------- */

/* Whether a plugin has a name, and which is nearest to it. */
typedef struct candidates {
    const char *wanted;
    bool found;
    char nearest[ZCACHE_NAME_SIZE]; /* "": none is near */
    size_t distance;
} candidates;

static void consider(candidates *all, const char *name)
{
    size_t distance = zc_suggest_distance(all->wanted, name);
    if (!zc_suggest_near(all->wanted, name) ||
        (all->nearest[0] != '\0' && distance >= all->distance))
        return;
    strcpy(all->nearest, name);
    all->distance = distance;
}

static zcache_status consider_plugin(void *user, const char *name)
{
    candidates *all = user;
    if (strcmp(name, all->wanted) == 0)
        all->found = true;
    else
        consider(all, name);
    return ZCACHE_OK;
}

static zcache_status gather_plugins(candidates *all, const zcache_list *path)
{
    zcache_status status = zc_module_each_linked(consider_plugin, all);
    for (size_t i = 0; status == ZCACHE_OK && i < path->count; i++)
        status = zc_search_each(path->items[i], consider_plugin, all);
    return status;
}

/* A plugin that is near, but no codec, is no help. */
static void drop_other_kinds(candidates *all, const zcache_list *path)
{
    zc_module *module;
    if (all->nearest[0] == '\0')
        return;
    if (zc_module_open(all->nearest, path, ZCACHE_KIND_CODEC, &module) == ZCACHE_OK)
        zc_module_close(module);
    else
        all->nearest[0] = '\0';
}

static void join(const zcache_list *path, char *text, size_t size)
{
    text[0] = '\0';
    for (size_t i = 0, used = 0; i < path->count && used < size; i++)
        used +=
            (size_t)snprintf(text + used, size - used, "%s%s", i > 0 ? ":" : "", path->items[i]);
}

static zcache_status refuse_unknown(candidates *all, const zcache_list *path)
{
    char places[ZC_ERROR_MAX], hint[ZCACHE_NAME_SIZE + 20] = "";
    drop_other_kinds(all, path);
    for (size_t i = 0; i < BUILT_IN; i++)
        consider(all, built_in[i].name);
    pthread_mutex_lock(&registry.lock);
    for (const entry *one = registry.first; one != NULL; one = one->next)
        consider(all, one->name);
    pthread_mutex_unlock(&registry.lock);
    if (all->nearest[0] != '\0')
        snprintf(hint, sizeof(hint), "; did you mean \"%s\"?", all->nearest);
    join(path, places, sizeof(places) - 150); /* so that the hint is not cut off */
    return zc_error(ZCACHE_E_CONFIG,
                    "no codec is named \"%.40s\": there are bytes, string, json, msgpack, "
                    "registered ones and plugins in %s%s",
                    all->wanted, places[0] != '\0' ? places : "plugin_path, which is empty", hint);
}

/* ---- finding --------------------------------------------------------------------------------- */

static void use_custom(zc_codec *codec, const zcache_codec *custom)
{
    codec->custom = custom;
    codec->encode = custom->put != NULL ? zc_tokens_encode : zc_values_encode;
    codec->decode = custom->put != NULL ? zc_tokens_decode : zc_values_decode;
}

static zcache_status find_plugin(const char *name, const zcache_list *path, zc_codec *codec)
{
    char message[ZC_ERROR_MAX];
    candidates all = {.wanted = name};
    zcache_status status = ZCACHE_OK;
    if (zc_search_name_is_legal(name)) {
        status = zc_module_open(name, path, ZCACHE_KIND_CODEC, &codec->module);
        if (status == ZCACHE_OK) {
            use_custom(codec, zc_module_descriptor(codec->module)->codec);
            return ZCACHE_OK;
        }
        if (status != ZCACHE_E_PLUGIN)
            return status;
        strcpy(message, zc_error_text());
    }
    zcache_status gathered = gather_plugins(&all, path);
    if (gathered != ZCACHE_OK)
        return gathered;
    return all.found ? zc_error(status, "%s", message) : refuse_unknown(&all, path);
}

zcache_status zc_codec_find(const char *name, const zcache_list *plugin_path, const zc_plan *plan,
                            zc_codec *codec)
{
    *codec = (zc_codec){0};
    zcache_status status = ZCACHE_OK;
    size_t i = find_built_in(name);
    const entry *registered = i == BUILT_IN ? find_registered(name) : NULL;
    if (i < BUILT_IN && built_in[i].holds != NULL && !built_in[i].holds(plan))
        return zc_error(ZCACHE_E_CONFIG, "the codec %s holds a %s, not a %s: use json or msgpack",
                        name, built_in[i].type, plan->name);
    if (i < BUILT_IN) {
        codec->encode = built_in[i].encode;
        codec->decode = built_in[i].decode;
    } else if (registered != NULL) {
        use_custom(codec, registered->codec);
    } else {
        status = find_plugin(name, plugin_path, codec);
    }
    if (status == ZCACHE_OK)
        strcpy(codec->name, name);
    return status;
}

void zc_codec_release(zc_codec *codec)
{
    zc_module_close(codec->module);
    *codec = (zc_codec){0};
}
