/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The list of plugins in this process, under one lock: a module is one file (device and inode) or
 * one linked-in name, with its users counted. The lock is held through load and unload too, so that
 * a second user never meets a module that is half up.
 */
#include "loader/module.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/allocator.h"
#include "base/error.h"
#include "base/thread.h"
#include "loader/descriptor.h"
#include "loader/elf.h"
#include "loader/object.h"
#include "loader/search.h"
#include "loader/services.h"

struct zc_module {
    zc_module *next;
    unsigned users; /* 0: it was left in memory */
    bool started;   /* load was called, and unload not yet */
    zc_object *object;
    zcache_descriptor *descriptor;
    char *file;
    struct stat status; /* of the file; all 0: linked in */
};

/* `lock` guards everything here, every struct zc_module, and libltdl (object.c). It is taken with
 * no other lock of the library held but the admin mutex of a cache, and while it is held only a
 * plugin's load and unload, the allocator and the log run. */
static struct {
    pthread_mutex_t lock;
    zc_module *first;
} loader = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* At exit, or when the library itself is unloaded: a plugin that is still in use stays as it is. */
__attribute__((destructor)) static void stop(void)
{
    if (pthread_mutex_trylock(&loader.lock) != 0)
        return;
    if (loader.first == NULL)
        zc_object_stop();
    pthread_mutex_unlock(&loader.lock);
}

void zc_module_fork(zcache_fork_phase phase)
{
    if (phase == ZCACHE_FORK_PREPARE)
        pthread_mutex_lock(&loader.lock);
    else
        pthread_mutex_unlock(&loader.lock);
}

/* ---- finding and making ---------------------------------------------------------------------- */

static bool is_linked_in(const zc_module *module)
{
    return module->status.st_ino == 0;
}

static zc_module *find_linked(const char *name)
{
    for (zc_module *module = loader.first; module != NULL; module = module->next)
        if (is_linked_in(module) && strcmp(module->descriptor->name, name) == 0)
            return module;
    return NULL;
}

/* The module of a file, if it is in use or was left in memory. A file that was written to since is
 * another one, which loading it then refuses. */
static zc_module *find_file(const struct stat *status)
{
    for (zc_module *module = loader.first; module != NULL; module = module->next)
        if (module->status.st_dev == status->st_dev && module->status.st_ino == status->st_ino &&
            module->status.st_size == status->st_size &&
            module->status.st_mtim.tv_sec == status->st_mtim.tv_sec &&
            module->status.st_mtim.tv_nsec == status->st_mtim.tv_nsec)
            return module;
    return NULL;
}

/* Unlinks and frees. Tells whether the code is gone from memory. */
static bool discard(zc_module *module)
{
    for (zc_module **link = &loader.first; *link != NULL; link = &(*link)->next)
        if (*link == module) {
            *link = module->next;
            break;
        }
    bool gone = zc_object_close(module->object);
    zc_free(module->descriptor);
    zc_free(module->file);
    zc_free(module);
    return gone;
}

/* Makes a module of an object, which then belongs to it; on failure the object is closed. */
static zcache_status make_module(const char *name, zc_object *object, const char *file,
                                 const struct stat *status, zc_module **made)
{
    zc_module *module = zc_calloc(1, sizeof(*module));
    if (module == NULL) {
        zc_object_close(object);
        return zc_error_nomem();
    }
    module->object = object;
    module->next = loader.first;
    loader.first = module;
    if (status != NULL)
        module->status = *status;
    module->file = zc_strdup(file);
    zcache_status result = module->file != NULL ? ZCACHE_OK : zc_error_nomem();
    if (result == ZCACHE_OK) {
        size_t size;
        const zcache_descriptor *theirs = zc_object_descriptor(object, &size);
        result = zc_descriptor_copy(theirs, size, name, &module->descriptor);
        if (result != ZCACHE_OK)
            zc_error_prefix("plugin %s (%s): ", name, file);
    }
    if (result == ZCACHE_OK)
        result = zc_descriptor_check_defaults(module->descriptor);
    if (result != ZCACHE_OK) {
        discard(module);
        return result;
    }
    *made = module;
    return ZCACHE_OK;
}

static zcache_status find_or_load(const char *name, const zcache_list *path, zc_module **found)
{
    *found = find_linked(name);
    if (*found != NULL)
        return ZCACHE_OK;
    zc_object *object;
    zcache_status result = zc_object_open_linked(name, &object);
    if (result != ZCACHE_OK)
        return result;
    if (object != NULL)
        return make_module(name, object, "(linked in)", NULL, found);
    zc_search_file file;
    result = zc_search_open(name, path, &file);
    if (result != ZCACHE_OK)
        return result;
    *found = find_file(&file.status);
    if (*found != NULL && strcmp((*found)->descriptor->name, name) != 0)
        result =
            zc_error(ZCACHE_E_PLUGIN, "plugin file %s is the plugin %s, linked to another name",
                     file.path, (*found)->descriptor->name);
    if (*found == NULL)
        result = zc_elf_check(file.fd, (uint64_t)file.status.st_size, file.path);
    if (*found == NULL && result == ZCACHE_OK)
        result = zc_object_open(&file, &object);
    if (*found == NULL && result == ZCACHE_OK)
        result = make_module(name, object, file.path, &file.status, found);
    zc_search_close(&file);
    return result;
}

zcache_status zc_module_each_linked(zc_search_fn *each, void *user)
{
    pthread_mutex_lock(&loader.lock);
    zcache_status result = zc_object_each_linked(each, user);
    pthread_mutex_unlock(&loader.lock);
    return result;
}

/* ---- users ----------------------------------------------------------------------------------- */

static const char *kind_name(zcache_kind kind)
{
    return kind == ZCACHE_KIND_CODEC ? "codec" : kind == ZCACHE_KIND_FILTER ? "filter" : "provider";
}

static zcache_status call_load(zc_module *module)
{
    const zcache_descriptor *descriptor = module->descriptor;
    if (module->started || descriptor->load == NULL) {
        module->started = true;
        return ZCACHE_OK;
    }
    zc_thread *thread = zc_thread_self();
    if (thread == NULL)
        return zc_error_nomem();
    thread->message_left = false;
    zcache_status status = descriptor->load(zc_services_for_load());
    if (status == ZCACHE_OK) {
        module->started = true;
        return ZCACHE_OK;
    }
    if (!thread->message_left)
        zc_error(ZCACHE_E_PLUGIN, "%s", zcache_status_text(status));
    zc_error_prefix("plugin %s (%s): load failed: ", descriptor->name, module->file);
    return status == ZCACHE_E_NOMEM ? ZCACHE_E_NOMEM : ZCACHE_E_PLUGIN;
}

static zcache_status add_user(zc_module *module, zcache_kind kind)
{
    if (kind != 0 && module->descriptor->kind != kind)
        return zc_error(ZCACHE_E_PLUGIN, "plugin %s (%s) is a %s, not a %s",
                        module->descriptor->name, module->file, kind_name(module->descriptor->kind),
                        kind_name(kind));
    zcache_status result = call_load(module);
    if (result == ZCACHE_OK)
        module->users++;
    return result;
}

/* Whether a module without users stays in memory: it asked for it, or whoever reads the reports of
 * a sanitizer or profiler did, for they need the symbols to the end. */
static bool stays(const zc_module *module)
{
    if (module->started && (module->descriptor->flags & ZCACHE_PLUGIN_RESIDENT))
        return true;
    const char *keep = secure_getenv("ZCACHE_KEEP_MODULES");
    return keep != NULL && strcmp(keep, "1") == 0;
}

zcache_status zc_module_open(const char *name, const zcache_list *path, zcache_kind kind,
                             zc_module **module)
{
    *module = NULL;
    if (!zc_search_name_is_legal(name))
        return zc_error(ZCACHE_E_PLUGIN,
                        "\"%s\" is not a plugin's name: expected [a-z][a-z0-9_-]{0,31}, never a "
                        "path",
                        name);
    zc_module *found = NULL;
    pthread_mutex_lock(&loader.lock);
    zcache_status result = find_or_load(name, path, &found);
    if (result == ZCACHE_OK) {
        result = add_user(found, kind);
        if (result == ZCACHE_OK)
            *module = found;
        else if (found->users == 0 && !stays(found))
            discard(found);
    }
    pthread_mutex_unlock(&loader.lock);
    return result;
}

bool zc_module_close(zc_module *module)
{
    if (module == NULL)
        return false;
    bool gone = false;
    pthread_mutex_lock(&loader.lock);
    if (--module->users == 0) {
        bool resident = (module->descriptor->flags & ZCACHE_PLUGIN_RESIDENT) != 0;
        if (!resident && module->started && module->descriptor->unload != NULL)
            module->descriptor->unload();
        module->started = resident;
        if (!stays(module))
            gone = discard(module);
    }
    pthread_mutex_unlock(&loader.lock);
    return gone;
}

const zcache_descriptor *zc_module_descriptor(const zc_module *module)
{
    return module->descriptor;
}

const char *zc_module_file(const zc_module *module)
{
    return module->file;
}
