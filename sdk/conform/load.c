/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What the plugin tells of itself, and what its file shows. What the library verifies before it
 * loads a plugin (magic, versions, required operations) is the first check of all.
 */
#include <ctype.h>
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "op.h"

/* Nothing can be said of a store whose server is down or was not named: that is told once, here. */
static void expect_an_answer(conform *c)
{
    zcache_call call = conform_call(0, CALL_TIMEOUT_MS);
    zcache_status status =
        conform_op_run(c, conform_op_is_there(c, CONFORM_PING) ? CONFORM_PING : CONFORM_GET, &call);
    expect(status != ZCACHE_E_UNAVAILABLE && status != ZCACHE_E_TIMEOUT,
           "it opens, but its store does not answer: %s. Start its server, and tell where it is: "
           "zcache plugin check %s KEY=VALUE",
           zcache_error_message(), c->request->plugin);
}

static void loads_and_opens(conform *c)
{
    conform_load(c);
    if (c->plugin->kind != ZCACHE_KIND_CODEC) {
        zcache_harness_instance *store = conform_open(c);
        c->ops = store->layer;
        expect_an_answer(c);
        conform_close(c, store);
    }
    conform_unload(c);
}

static void describes_itself(conform *c)
{
    const zcache_descriptor *plugin = c->plugin;
    expect(plugin->version != NULL && plugin->version[0] != '\0',
           "the descriptor has no version: `zcache plugin list` shows one");
    expect(plugin->summary != NULL && plugin->summary[0] != '\0',
           "the descriptor has no summary: `zcache plugin list` shows one");
    expect(strchr(plugin->summary, '\n') == NULL, "the summary has more than one line");
    expect(plugin->ttl_granule_ms >= 0, "ttl_granule_ms is %" PRId64, plugin->ttl_granule_ms);
}

static void keeps_the_common_limits(conform *c)
{
    const zcache_descriptor *plugin = c->plugin;
    if (plugin->key_max != 0 && plugin->key_max < 250)
        conform_skip("it declares key_max = %zu: only a cache with a smaller max_key_length can "
                     "use it",
                     plugin->key_max);
    if (plugin->value_max != 0 && plugin->value_max < 1000000)
        conform_skip("it declares value_max = %zu: only a cache with a smaller max_value_size can "
                     "use it",
                     plugin->value_max);
}

static const zcache_option *option_at(const zcache_descriptor *plugin, size_t i)
{
    return (const void *)((const char *)plugin->options + i * plugin->option_stride);
}

static void explains_its_options(conform *c)
{
    const zcache_descriptor *plugin = c->plugin;
    for (size_t i = 0; i < plugin->option_count; i++) {
        const zcache_option *option = option_at(plugin, i);
        expect(option->help != NULL && option->help[0] != '\0', "option %s has no help",
               option->key);
        for (const char *at = option->key; *at != '\0'; at++)
            expect(islower((unsigned char)*at) || *at == '_' ||
                       (isdigit((unsigned char)*at) && at > option->key),
                   "option %s: keys are of [a-z][a-z0-9_]*", option->key);
        for (size_t k = 0; k < i; k++)
            expect(strcmp(option_at(plugin, k)->key, option->key) != 0, "option %s is there twice",
                   option->key);
    }
}

/* ---- the file -------------------------------------------------------------------------------- */

typedef struct object {
    const char *bytes;
    size_t size;
    const Elf64_Ehdr *header;
} object;

static object map_object(const char *file)
{
    int descriptor = open(file, O_RDONLY | O_CLOEXEC);
    struct stat status;
    expect(descriptor >= 0 && fstat(descriptor, &status) == 0, "%s cannot be read", file);
    object one = {.size = (size_t)status.st_size};
    void *map = mmap(NULL, one.size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    close(descriptor);
    expect(map != MAP_FAILED, "%s cannot be mapped", file);
    one.bytes = map;
    one.header = map; /* the library has checked all bounds before it loaded the file */
    return one;
}

/* The object's section of this type; NULL: none. */
static const Elf64_Shdr *section_of(const object *one, uint32_t type)
{
    for (size_t i = 0; i < one->header->e_shnum; i++) {
        const Elf64_Shdr *section =
            (const void *)(one->bytes + one->header->e_shoff + i * one->header->e_shentsize);
        if (section->sh_type == type && section->sh_offset + section->sh_size <= one->size)
            return section;
    }
    return NULL;
}

static const char *strings_of(const object *one, const Elf64_Shdr *section)
{
    const Elf64_Shdr *strings = (const void *)(one->bytes + one->header->e_shoff +
                                               section->sh_link * (size_t)one->header->e_shentsize);
    return one->bytes + strings->sh_offset;
}

/* The plugin's file, and its one section of this type; skips the check where it cannot be seen. */
static object look_into(conform *c, uint32_t type, const Elf64_Shdr **section)
{
    const char *file = zcache_harness_file(c->harness);
    if (file[0] != '/')
        conform_skip("it is linked into the program");
    object one = map_object(file);
    if (one.header->e_ident[EI_CLASS] != ELFCLASS64)
        conform_skip("only 64-bit objects are looked into");
    *section = section_of(&one, type);
    expect(*section != NULL, "%s has no dynamic %s", file,
           type == SHT_DYNSYM ? "symbols" : "section");
    return one;
}

static void exports_its_descriptor_alone(conform *c)
{
    const Elf64_Shdr *section;
    object one = look_into(c, SHT_DYNSYM, &section);
    const char *strings = strings_of(&one, section);
    const Elf64_Sym *symbols = (const void *)(one.bytes + section->sh_offset);
    for (size_t i = 0; i < section->sh_size / sizeof(*symbols); i++) {
        unsigned binding = ELF64_ST_BIND(symbols[i].st_info);
        const char *name = strings + symbols[i].st_name;
        if (symbols[i].st_shndx == SHN_UNDEF || binding == STB_LOCAL ||
            strcmp(name, "zcache_plugin") == 0 || strncmp(name, "__odr_asan.", 11) == 0)
            continue;
        conform_fail("it exports the symbol %s: whatever else has that name in a process may be "
                     "taken for it. Compile with -fvisibility=hidden, as `pkg-config --cflags "
                     "zcache-plugin` says",
                     name);
    }
}

static void needs_no_symbol_of_the_host(conform *c)
{
    const Elf64_Shdr *section;
    object one = look_into(c, SHT_DYNAMIC, &section);
    const char *strings = strings_of(&one, section);
    const Elf64_Dyn *entries = (const void *)(one.bytes + section->sh_offset);
    for (size_t i = 0; i < section->sh_size / sizeof(*entries); i++)
        expect(entries[i].d_tag != DT_NEEDED ||
                   strncmp(strings + entries[i].d_un.d_val, "libzcache.so", 12) != 0,
               "it is linked with %s: a program that carries the library inside, or opened it "
               "RTLD_LOCAL, would get a second one. All services come in the table given to open",
               strings + entries[i].d_un.d_val);
}

static const conform_check checks[] = {
    {"load", "it is found, verified, loaded, opened, closed and unloaded", loads_and_opens,
     WITHOUT_STORE | FOR_ALL},
    {"load-description", "version, summary and granule are told", describes_itself, FOR_ALL},
    {"load-limits", "keys of 250 bytes and values of 1,000,000 bytes are possible on it, as on all",
     keeps_the_common_limits, 0},
    {"load-options", "every option has a lower case key of its own and a help text",
     explains_its_options, 0},
    {"load-exports", "it exports its descriptor, and nothing else", exports_its_descriptor_alone,
     FOR_ALL},
    {"load-independent", "it needs no symbol of libzcache", needs_no_symbol_of_the_host, FOR_ALL},
};

CONFORM_GROUP(load);
