/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What `zcache plugin list` and `zcache plugin info` show: names are gathered from the program and
 * the directories, sorted, and each is opened as a cache would open it.
 */
#include "loader/module.h"

#include <stdlib.h>
#include <string.h>

#include "base/allocator.h"
#include "base/error.h"
#include "loader/descriptor.h"
#include "loader/search.h"

typedef struct name_list {
    char (*names)[ZC_NAME_MAX];
    size_t count, room;
} name_list;

static zcache_status add_name(void *user, const char *name)
{
    name_list *list = user;
    if (list->count == list->room) {
        size_t room = list->room > 0 ? 2 * list->room : 16;
        void *names = zc_realloc(list->names, room * sizeof(*list->names));
        if (names == NULL)
            return zc_error_nomem();
        list->names = names;
        list->room = room;
    }
    strcpy(list->names[list->count++], name);
    return ZCACHE_OK;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* Sorts, and leaves each name once. */
static void sort_names(name_list *list)
{
    if (list->count == 0)
        return;
    qsort(list->names, list->count, sizeof(*list->names), compare_names);
    size_t kept = 1;
    for (size_t i = 1; i < list->count; i++)
        if (strcmp(list->names[i], list->names[kept - 1]) != 0)
            memmove(list->names[kept++], list->names[i], ZC_NAME_MAX);
    list->count = kept;
}

static zcache_status report(zc_module *module, zcache_plugin_fn *each, void *user)
{
    const zcache_descriptor *descriptor = zc_module_descriptor(module);
    char *capabilities = zc_descriptor_capabilities(descriptor);
    if (capabilities == NULL)
        return zc_error_nomem();
    each(user, &(zcache_plugin_info){
                   .name = descriptor->name,
                   .file = zc_module_file(module),
                   .status = ZCACHE_OK,
                   .message = "",
                   .descriptor = descriptor,
                   .capabilities = capabilities,
               });
    zc_free(capabilities);
    return ZCACHE_OK;
}

static zcache_status gather(const zcache_list *path, name_list *list)
{
    zcache_status result = zc_module_each_linked(add_name, list);
    for (size_t i = 0; result == ZCACHE_OK && i < path->count; i++)
        result = zc_search_each(path->items[i], add_name, list);
    return result;
}

zcache_status zc_module_each(const zcache_list *path, zcache_plugin_fn *each, void *user)
{
    name_list list = {0};
    zcache_status result = gather(path, &list);
    if (result != ZCACHE_OK)
        goto out;
    sort_names(&list);
    for (size_t i = 0; i < list.count; i++) {
        zc_module *module;
        zcache_status status = zc_module_open(list.names[i], path, 0, &module);
        if (status == ZCACHE_E_NOMEM) {
            result = status;
            goto out;
        }
        if (status == ZCACHE_OK) {
            result = report(module, each, user);
            zc_module_close(module);
            if (result != ZCACHE_OK)
                goto out;
            continue;
        }
        char message[ZC_ERROR_MAX];
        strcpy(message, zc_error_text());
        each(user, &(zcache_plugin_info){
                       .name = list.names[i],
                       .file = "",
                       .status = status,
                       .message = message,
                       .capabilities = "",
                   });
    }
out:
    zc_free(list.names);
    return result;
}

zcache_status zc_module_inspect(const char *name, const zcache_list *path, zcache_plugin_fn *each,
                                void *user)
{
    zc_module *module;
    zcache_status result = zc_module_open(name, path, 0, &module);
    if (result != ZCACHE_OK)
        return result;
    result = report(module, each, user);
    zc_module_close(module);
    return result;
}
