/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The dynamic linker knows an object by its path: a path that is in memory gives the old code, even
 * after the file was replaced. So no path is given to it while it stands for another file: "./"
 * before the file's name makes another path of the same file, which debuggers can still follow.
 */
#include "loader/object.h"

#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <link.h>
#include <ltdl.h>
#include <stdio.h>
#include <string.h>

#include "base/allocator.h"
#include "base/error.h"

#define SYMBOL "zcache_plugin"

/* A file of ours that is, or may be, in memory under `path`. It stays known after its close for as
 * long as the linker keeps it (C++ thread-locals and NODELETE objects do that). */
typedef struct mapping {
    struct mapping *next;
    struct stat status;
    unsigned users; /* open objects; 0: it was closed, and stayed */
    char *name;     /* by which the linker reports it, if that is another path of the same file */
    char path[];    /* by which we asked for it */
} mapping;

struct zc_object {
    lt_dlhandle handle;
    mapping *mapping; /* NULL: linked in */
    const zcache_descriptor *descriptor;
    size_t descriptor_size;
};

/* Guarded by the loader's lock. */
static struct {
    bool started;
    unsigned open;
    mapping *mappings;
} linker;

static const char *name_of(const mapping *one)
{
    return one->name != NULL ? one->name : one->path;
}

static const char *libltdl_error(void)
{
    const char *text = lt_dlerror();
    return text != NULL ? text : "no reason given";
}

static zcache_status start(void)
{
    if (linker.started)
        return ZCACHE_OK;
    if (lt_dlinit() != 0)
        return zc_error(ZCACHE_E_PLUGIN, "libltdl does not start: %s", libltdl_error());
    linker.started = true;
    return ZCACHE_OK;
}

void zc_object_stop(void)
{
    if (!linker.started || linker.open > 0)
        return;
    while (linker.mappings != NULL) {
        mapping *next = linker.mappings->next;
        zc_free(linker.mappings->name);
        zc_free(linker.mappings);
        linker.mappings = next;
    }
    lt_dlexit();
    linker.started = false;
}

/* ---- what is in memory ----------------------------------------------------------------------- */

typedef struct lookup {
    const char *name;  /* look for this name… */
    uintptr_t address; /* … or for what is at this address */
    bool found;
    char found_name[PATH_MAX];
} lookup;

static int look_at_object(struct dl_phdr_info *info, size_t size, void *user)
{
    (void)size;
    lookup *wanted = user;
    if (wanted->name != NULL) {
        wanted->found = strcmp(info->dlpi_name, wanted->name) == 0;
        return wanted->found;
    }
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type == PT_LOAD &&
            wanted->address - info->dlpi_addr - segment->p_vaddr < segment->p_memsz) {
            wanted->found = true;
            snprintf(wanted->found_name, sizeof(wanted->found_name), "%s", info->dlpi_name);
            return 1;
        }
    }
    return 0;
}

static bool is_in_memory(const char *name)
{
    lookup wanted = {.name = name};
    dl_iterate_phdr(look_at_object, &wanted);
    return wanted.found;
}

/* Forgets closed files that the linker no longer has. */
static void forget_gone(void)
{
    for (mapping **link = &linker.mappings; *link != NULL;) {
        mapping *one = *link;
        if (one->users > 0 || is_in_memory(name_of(one))) {
            link = &one->next;
            continue;
        }
        *link = one->next;
        zc_free(one->name);
        zc_free(one);
    }
}

static mapping *find_mapping(const struct stat *status)
{
    for (mapping *one = linker.mappings; one != NULL; one = one->next)
        if (one->status.st_dev == status->st_dev && one->status.st_ino == status->st_ino)
            return one;
    return NULL;
}

/* Whether `path` means something else to the linker than a file that it does not have yet. */
static bool path_is_taken(const char *path)
{
    for (mapping *one = linker.mappings; one != NULL; one = one->next)
        if (strcmp(one->path, path) == 0)
            return true;
    return is_in_memory(path);
}

/* Makes a mapping for a file that is not in memory, with a path that is not either. */
static zcache_status new_mapping(const zc_search_file *file, mapping **made)
{
    size_t size = strlen(file->path);
    size_t directory = (size_t)(strrchr(file->path, '/') + 1 - file->path);
    for (size_t dots = 0; size + 2 * dots < PATH_MAX; dots++) {
        mapping *one = zc_calloc(1, sizeof(*one) + size + 2 * dots + 1);
        if (one == NULL)
            return zc_error_nomem();
        char *end = mempcpy(one->path, file->path, directory);
        for (size_t i = 0; i < dots; i++)
            end = mempcpy(end, "./", 2);
        strcpy(end, file->path + directory);
        if (!path_is_taken(one->path)) {
            one->status = file->status;
            *made = one;
            return ZCACHE_OK;
        }
        zc_free(one);
    }
    return zc_error(ZCACHE_E_PLUGIN,
                    "plugin file %s: too many older files of this name are still in memory",
                    file->path);
}

/* ---- open ------------------------------------------------------------------------------------ */

static bool same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* Opens `path` with libltdl, after dlopen itself, which resolves every symbol now and says why it
 * could not. */
static zcache_status open_path(const char *path, lt_dlhandle *handle)
{
    void *preflight = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (preflight == NULL)
        return zc_error(ZCACHE_E_PLUGIN, "plugin file cannot be loaded: %s", dlerror());
    lt_dladvise advise;
    if (lt_dladvise_init(&advise) == 0) {
        *handle = lt_dladvise_local(&advise) == 0 ? lt_dlopenadvise(path, advise) : NULL;
        lt_dladvise_destroy(&advise);
    }
    zcache_status result = ZCACHE_OK;
    if (*handle == NULL)
        result = zc_error(ZCACHE_E_PLUGIN, "plugin file %s: libltdl: %s", path, libltdl_error());
    dlclose(preflight);
    return result;
}

/* Finds the exported object, and checks that it is the file's own and not of a library below it. */
static zcache_status find_descriptor(zc_object *object, const zc_search_file *file)
{
    object->descriptor = lt_dlsym(object->handle, SYMBOL);
    if (object->descriptor == NULL)
        return zc_error(ZCACHE_E_PLUGIN,
                        "plugin file %s exports no " SYMBOL ": it is not a zcache plugin",
                        file->path);
    Dl_info info;
    void *entry = NULL;
    lookup home = {.address = (uintptr_t)object->descriptor};
    dl_iterate_phdr(look_at_object, &home);
    if (!home.found || dladdr1(object->descriptor, &info, &entry, RTLD_DL_SYMENT) == 0 ||
        entry == NULL)
        return zc_error(ZCACHE_E_PLUGIN, "plugin file %s: " SYMBOL " is not an object in it",
                        file->path);
    const ElfW(Sym) *symbol = entry;
    object->descriptor_size = symbol->st_size;
    /* The linker itself compares device and inode before it loads a path. What is left is a file
     * that was replaced between our look at it and its own. */
    struct stat now;
    if (stat(home.found_name, &now) != 0 || now.st_dev != file->status.st_dev ||
        now.st_ino != file->status.st_ino)
        return zc_error(ZCACHE_E_PLUGIN,
                        "plugin file %s: what was loaded (%s) is not the file that was verified: "
                        "it was replaced meanwhile, or " SYMBOL " is of a library below it",
                        file->path, home.found_name);
    if (strcmp(home.found_name, name_of(object->mapping)) == 0)
        return ZCACHE_OK;
    zc_free(object->mapping->name);
    object->mapping->name = zc_strdup(home.found_name);
    return object->mapping->name != NULL ? ZCACHE_OK : zc_error_nomem();
}

zcache_status zc_object_open(const zc_search_file *file, zc_object **object)
{
    zcache_status result = start();
    if (result != ZCACHE_OK)
        return result;
    zc_object *one = zc_calloc(1, sizeof(*one));
    if (one == NULL)
        return zc_error_nomem();
    forget_gone();
    one->mapping = find_mapping(&file->status);
    if (one->mapping == NULL) {
        result = new_mapping(file, &one->mapping);
        if (result != ZCACHE_OK) {
            zc_free(one);
            return result;
        }
        one->mapping->next = linker.mappings;
        linker.mappings = one->mapping;
    } else if (one->mapping->status.st_size != file->status.st_size ||
               !same_time(&one->mapping->status.st_mtim, &file->status.st_mtim)) {
        zc_free(one);
        return zc_error(
            ZCACHE_E_PLUGIN,
            "plugin file %s was written to while it is loaded: restart the process, and "
            "install plugins by rename",
            file->path);
    }
    one->mapping->users++;
    linker.open++;
    result = open_path(one->mapping->path, &one->handle);
    if (result == ZCACHE_OK)
        result = find_descriptor(one, file);
    if (result != ZCACHE_OK) {
        zc_object_close(one);
        return result;
    }
    *object = one;
    return ZCACHE_OK;
}

zcache_status zc_object_open_linked(const char *name, zc_object **object)
{
    *object = NULL;
    zcache_status result = start();
    if (result != ZCACHE_OK)
        return result;
    lt_dlhandle handle = NULL;
    lt_dladvise advise;
    if (lt_dladvise_init(&advise) != 0)
        return zc_error_nomem();
    /* linked in or nothing: libltdl must not search on */
    if (lt_dladvise_preload(&advise) == 0)
        handle = lt_dlopenadvise(name, advise);
    lt_dladvise_destroy(&advise);
    if (handle == NULL)
        return ZCACHE_OK;
    zc_object *one = zc_calloc(1, sizeof(*one));
    if (one == NULL) {
        lt_dlclose(handle);
        return zc_error_nomem();
    }
    linker.open++;
    one->handle = handle;
    one->descriptor = lt_dlsym(handle, SYMBOL);
    one->descriptor_size = SIZE_MAX;
    if (one->descriptor == NULL) {
        zc_object_close(one);
        return zc_error(ZCACHE_E_PLUGIN,
                        "linked-in plugin %s exports no %s_LTX_" SYMBOL
                        " (compile it with -DZCACHE_LIBTOOL)",
                        name, name);
    }
    *object = one;
    return ZCACHE_OK;
}

const zcache_descriptor *zc_object_descriptor(const zc_object *object, size_t *size)
{
    *size = object->descriptor_size;
    return object->descriptor;
}

bool zc_object_close(zc_object *object)
{
    mapping *home = object->mapping;
    bool gone = false;
    if (object->handle != NULL)
        lt_dlclose(object->handle);
    linker.open--;
    if (home != NULL) {
        home->users--;
        gone = !is_in_memory(name_of(home));
        forget_gone();
    }
    zc_free(object);
    return gone;
}

/* ---- linked-in plugins ----------------------------------------------------------------------- */

/* libltdl hands a handle and nothing else to its callback; guarded by the loader's lock. */
static struct {
    zc_search_fn *each;
    void *user;
    zcache_status result;
} listing;

static int list_handle(lt_dlhandle handle)
{
    const lt_dlinfo *info = lt_dlgetinfo(handle);
    if (listing.result == ZCACHE_OK && info != NULL && info->name != NULL &&
        lt_dlsym(handle, SYMBOL) != NULL && zc_search_name_is_legal(info->name))
        listing.result = listing.each(listing.user, info->name);
    lt_dlclose(handle);
    return 0;
}

zcache_status zc_object_each_linked(zc_search_fn *each, void *user)
{
    zcache_status result = start();
    if (result != ZCACHE_OK)
        return result;
    listing.each = each;
    listing.user = user;
    listing.result = ZCACHE_OK;
    /* fails when the program has no preloaded symbols at all: then there is nothing to list */
    lt_dlpreload_open(NULL, list_handle);
    return listing.result;
}
