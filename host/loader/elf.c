/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * In the order of trust: the header, then the tables that it points to, then the segments, then the
 * dynamic section, whose addresses must lie in segments. A check is a line: the first that fails
 * leaves its words in `file->wrong`. Sources: the System V ABI, chapters 4 and 5; elf(5).
 */
#include "loader/elf.h"

#include <elf.h>
#include <errno.h>
#include <link.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

#define SEGMENTS_MAX       64
#define SECTION_BATCH      64
#define DYNAMIC_BATCH      32
#define RELOCATION_BATCH   128
#define DYNAMIC_TAGS_KNOWN 40 /* DT_NULL to DT_RELR and the like */

#if UINTPTR_MAX > UINT32_MAX
#define RELOCATION_SYMBOL(info) ((uint64_t)ELF64_R_SYM(info))
#else
#define RELOCATION_SYMBOL(info) ((uint64_t)ELF32_R_SYM(info))
#endif

typedef ElfW(Ehdr) header_t;
typedef ElfW(Phdr) segment_t;
typedef ElfW(Shdr) section_t;
typedef ElfW(Dyn) dynamic_t;

/* The header of the object that this code is in, from the linker: the machine, class and byte order
 * that a plugin must have. */
extern const header_t __ehdr_start __attribute__((visibility("hidden")));

typedef struct elf_file {
    int fd;
    uint64_t size;
    header_t header;
    segment_t segments[SEGMENTS_MAX];
    const segment_t *dynamic;
    uint64_t tags[DYNAMIC_TAGS_KNOWN]; /* values of the dynamic section by tag */
    bool has[DYNAMIC_TAGS_KNOWN];
    const char *wrong; /* what the first failed check says */
} elf_file;

static bool wrong(elf_file *file, const char *what)
{
    file->wrong = what;
    return false;
}

/* Whether `size` bytes at `offset` lie within `whole` bytes. */
static bool within(uint64_t offset, uint64_t size, uint64_t whole)
{
    return offset <= whole && size <= whole - offset;
}

static bool read_at(elf_file *file, uint64_t offset, void *buffer, size_t size)
{
    if (!within(offset, size, file->size))
        return wrong(file, "is truncated");
    for (size_t done = 0; done < size;) {
        ssize_t got = pread(file->fd, (char *)buffer + done, size - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return wrong(file, got < 0 ? "cannot be read" : "is truncated");
        done += (size_t)got;
    }
    return true;
}

static bool check_header(elf_file *file)
{
    header_t *header = &file->header;
    const header_t *own = &__ehdr_start;
    if (file->size < SELFMAG || !read_at(file, 0, header, SELFMAG) ||
        memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
        return wrong(file, "is not an ELF file");
    if (!read_at(file, 0, header, sizeof(*header)))
        return false;
    if (header->e_ident[EI_CLASS] != own->e_ident[EI_CLASS])
        return wrong(file, "is of another word size (ELF class) than this program");
    if (header->e_ident[EI_DATA] != own->e_ident[EI_DATA])
        return wrong(file, "is of another byte order than this program");
    if (header->e_machine != own->e_machine)
        return wrong(file, "is compiled for another machine");
    if (header->e_ident[EI_VERSION] != EV_CURRENT || header->e_version != EV_CURRENT)
        return wrong(file, "is damaged: unknown ELF version");
    if (header->e_ident[EI_OSABI] != ELFOSABI_SYSV && header->e_ident[EI_OSABI] != ELFOSABI_GNU)
        return wrong(file, "is compiled for another operating system (ELF OS ABI)");
    if (header->e_type != ET_DYN)
        return wrong(file, "is not a shared object (link it with -shared)");
    if (header->e_ehsize != sizeof(header_t))
        return wrong(file, "is damaged: size of the ELF header");
    return true;
}

/* Sections play no part in loading, but a file that was cut short shows there first: the table is
 * at its end. */
static bool check_sections(elf_file *file)
{
    const header_t *header = &file->header;
    if (header->e_shoff == 0)
        return header->e_shnum == 0 || wrong(file, "is damaged: sections without a table");
    if (header->e_shentsize != sizeof(section_t))
        return wrong(file, "is damaged: size of a section entry");
    if (!within(header->e_shoff, (uint64_t)header->e_shnum * sizeof(section_t), file->size))
        return wrong(file, "is truncated: its section table ends outside the file");
    if (header->e_shnum != 0 && header->e_shstrndx >= header->e_shnum)
        return wrong(file, "is damaged: index of the section names");
    for (unsigned i = 0; i < header->e_shnum; i += SECTION_BATCH) {
        section_t batch[SECTION_BATCH];
        unsigned n = header->e_shnum - i < SECTION_BATCH ? header->e_shnum - i : SECTION_BATCH;
        if (!read_at(file, header->e_shoff + i * sizeof(*batch), batch, n * sizeof(*batch)))
            return false;
        for (unsigned j = 0; j < n; j++)
            if (batch[j].sh_type != SHT_NULL && batch[j].sh_type != SHT_NOBITS &&
                !within(batch[j].sh_offset, batch[j].sh_size, file->size))
                return wrong(file, "is truncated: a section ends outside the file");
    }
    return true;
}

static bool check_load_segment(elf_file *file, const segment_t *segment, uint64_t *end)
{
    uint64_t align = segment->p_align;
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    if (align < page || (align & (align - 1)) != 0 ||
        ((segment->p_vaddr - segment->p_offset) & (align - 1)) != 0)
        return wrong(file, "is damaged: alignment of a segment");
    if (segment->p_vaddr < *end)
        return wrong(file, "is damaged: segments overlap or are out of order");
    if (segment->p_memsz > UINTPTR_MAX / 4 || segment->p_vaddr > UINTPTR_MAX / 4)
        return wrong(file, "is damaged: address of a segment");
    *end = segment->p_vaddr + segment->p_memsz;
    return true;
}

static bool check_segments(elf_file *file)
{
    const header_t *header = &file->header;
    if (header->e_phentsize != sizeof(segment_t))
        return wrong(file, "is damaged: size of a segment entry");
    if (header->e_phnum == 0 || header->e_phnum > SEGMENTS_MAX)
        return wrong(file, "is damaged: number of segments");
    if (header->e_phoff % _Alignof(segment_t) != 0)
        return wrong(file, "is damaged: place of the segment table");
    if (!read_at(file, header->e_phoff, file->segments, header->e_phnum * sizeof(segment_t)))
        return false;
    uint64_t end = 0;
    bool has_load = false;
    for (unsigned i = 0; i < header->e_phnum; i++) {
        const segment_t *segment = &file->segments[i];
        if (segment->p_type == PT_GNU_STACK) {
            if (segment->p_flags & PF_X)
                return wrong(file, "asks for an executable stack (link it with -z noexecstack)");
            continue;
        }
        if (!within(segment->p_offset, segment->p_filesz, file->size))
            return wrong(file, "is truncated: a segment ends outside the file");
        if (segment->p_filesz > segment->p_memsz)
            return wrong(file, "is damaged: a segment is larger in the file than in memory");
        switch (segment->p_type) {
        case PT_LOAD:
            if (!check_load_segment(file, segment, &end))
                return false;
            has_load = true;
            break;
        case PT_DYNAMIC:
            if (file->dynamic != NULL)
                return wrong(file, "is damaged: two dynamic sections");
            file->dynamic = segment;
            break;
        case PT_INTERP:
            return wrong(file, "is a program, not a shared object (link it with -shared)");
        default:
            break;
        }
    }
    if (!has_load || file->dynamic == NULL)
        return wrong(file, "is damaged: nothing to load, or no dynamic section");
    return true;
}

/* The load segment whose `size` bytes of memory at `address` can be read, or NULL. With `in_file`
 * they must come from the file, as everything does that the dynamic linker reads. */
static const segment_t *segment_of(const elf_file *file, uint64_t address, uint64_t size,
                                   bool in_file)
{
    for (unsigned i = 0; i < file->header.e_phnum; i++) {
        const segment_t *segment = &file->segments[i];
        if (segment->p_type == PT_LOAD && address >= segment->p_vaddr &&
            within(address - segment->p_vaddr, size,
                   in_file ? segment->p_filesz : segment->p_memsz))
            return segment;
    }
    return NULL;
}

/* Segments that point into others, and the entry point. */
static bool check_addresses(elf_file *file)
{
    for (unsigned i = 0; i < file->header.e_phnum; i++) {
        const segment_t *segment = &file->segments[i];
        bool wanted = segment->p_type == PT_DYNAMIC || segment->p_type == PT_GNU_RELRO ||
                      segment->p_type == PT_PHDR || segment->p_type == PT_NOTE ||
                      (segment->p_type == PT_TLS && segment->p_filesz > 0);
        if (!wanted)
            continue;
        const segment_t *home = segment_of(file, segment->p_vaddr, segment->p_filesz, true);
        if (home == NULL || segment->p_offset - home->p_offset != segment->p_vaddr - home->p_vaddr)
            return wrong(file, "is damaged: a segment lies outside what is loaded");
        if (segment->p_type == PT_GNU_RELRO &&
            segment_of(file, segment->p_vaddr, segment->p_filesz, false) == NULL)
            return wrong(file, "is damaged: what is made read-only lies outside what is loaded");
    }
    if (file->header.e_entry != 0) {
        const segment_t *home = segment_of(file, file->header.e_entry, 1, true);
        if (home == NULL || !(home->p_flags & PF_X))
            return wrong(file, "is damaged: its entry point is not code");
    }
    return true;
}

/* Whether an entry of the dynamic section is what it must be by itself. */
static bool check_dynamic_entry(elf_file *file, const dynamic_t *entry)
{
    switch (entry->d_tag) {
    case DT_FLAGS_1:
        if (entry->d_un.d_val & DF_1_PIE)
            return wrong(file, "is a program, not a shared object (link it with -shared)");
        return true;
    case DT_HASH:
    case DT_GNU_HASH:
    case DT_VERSYM:
    case DT_VERDEF:
    case DT_VERNEED:
        if (entry->d_un.d_ptr % 2 != 0 ||
            segment_of(file, entry->d_un.d_ptr, sizeof(uint32_t), true) == NULL)
            return wrong(file, "is damaged: a table of the dynamic section lies outside what is "
                               "loaded");
        return true;
    default:
        return true;
    }
}

/* Keeps the dynamic section by tag; of the tags that the linker follows there is one each. */
static bool read_dynamic(elf_file *file)
{
    const segment_t *dynamic = file->dynamic;
    uint64_t count = dynamic->p_filesz / sizeof(dynamic_t);
    if (dynamic->p_vaddr % _Alignof(dynamic_t) != 0 || dynamic->p_filesz % sizeof(dynamic_t) != 0)
        return wrong(file, "is damaged: shape of the dynamic section");
    for (uint64_t i = 0; i < count; i += DYNAMIC_BATCH) {
        dynamic_t batch[DYNAMIC_BATCH];
        size_t n = count - i < DYNAMIC_BATCH ? (size_t)(count - i) : DYNAMIC_BATCH;
        if (!read_at(file, dynamic->p_offset + i * sizeof(dynamic_t), batch, n * sizeof(dynamic_t)))
            return false;
        for (size_t j = 0; j < n; j++) {
            if (batch[j].d_tag == DT_NULL)
                return true;
            if (!check_dynamic_entry(file, &batch[j]))
                return false;
            if (batch[j].d_tag > 0 && batch[j].d_tag < DYNAMIC_TAGS_KNOWN) {
                file->tags[batch[j].d_tag] = batch[j].d_un.d_val;
                file->has[batch[j].d_tag] = true;
            }
        }
    }
    return wrong(file, "is damaged: the dynamic section has no end");
}

static bool check_strings(elf_file *file)
{
    uint64_t strings = file->tags[DT_STRTAB];
    uint64_t size = file->tags[DT_STRSZ];
    const segment_t *home = segment_of(file, strings, size, true);
    if (!file->has[DT_STRTAB] || size == 0 || home == NULL)
        return wrong(file, "is damaged: place of the dynamic strings");
    char last;
    if (!read_at(file, home->p_offset + (strings - home->p_vaddr) + size - 1, &last, 1))
        return false;
    if (last != '\0')
        return wrong(file, "is damaged: the dynamic strings have no end");
    static const int offsets[] = {DT_NEEDED, DT_SONAME, DT_RPATH, DT_RUNPATH};
    for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++)
        if (file->has[offsets[i]] && file->tags[offsets[i]] >= size)
            return wrong(file, "is damaged: a dynamic string lies outside its table");
    return true;
}

/* Tables of the dynamic section: where each begins, and the tag of its size. */
static bool check_tables(elf_file *file)
{
    static const struct {
        int address, size, entry;
        size_t entry_size;
    } tables[] = {
        {DT_RELA, DT_RELASZ, DT_RELAENT, sizeof(ElfW(Rela))},
        {DT_REL, DT_RELSZ, DT_RELENT, sizeof(ElfW(Rel))},
        {DT_JMPREL, DT_PLTRELSZ, 0, 0},
        {DT_INIT_ARRAY, DT_INIT_ARRAYSZ, 0, 0},
        {DT_FINI_ARRAY, DT_FINI_ARRAYSZ, 0, 0},
    };
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        uint64_t address = file->tags[tables[i].address];
        uint64_t size = file->tags[tables[i].size];
        if (!file->has[tables[i].address])
            continue;
        if (address % sizeof(ElfW(Addr)) != 0 || segment_of(file, address, size, true) == NULL)
            return wrong(file, "is damaged: a table of the dynamic section lies outside what is "
                               "loaded");
        if (tables[i].entry != 0 && file->tags[tables[i].entry] != tables[i].entry_size)
            return wrong(file, "is damaged: size of a relocation entry");
    }
    if (file->has[DT_JMPREL] && file->tags[DT_PLTREL] != DT_RELA && file->tags[DT_PLTREL] != DT_REL)
        return wrong(file, "is damaged: kind of its relocations");
    if (!file->has[DT_SYMTAB] || file->tags[DT_SYMENT] != sizeof(ElfW(Sym)) ||
        segment_of(file, file->tags[DT_SYMTAB], sizeof(ElfW(Sym)), true) == NULL)
        return wrong(file, "is damaged: place of the dynamic symbols");
    static const int code[] = {DT_INIT, DT_FINI};
    for (size_t i = 0; i < sizeof(code) / sizeof(code[0]); i++) {
        const segment_t *home = segment_of(file, file->tags[code[i]], 1, true);
        if (file->has[code[i]] && (home == NULL || !(home->p_flags & PF_X)))
            return wrong(file, "is damaged: its first or last function is not code");
    }
    return true;
}

/* The relocations of one table: each must write into a segment that can be written, and name a
 * symbol that is there. */
static bool check_relocations(elf_file *file, int address_tag, int size_tag, bool with_addend)
{
    uint64_t address = file->tags[address_tag];
    uint64_t entry_size = with_addend ? sizeof(ElfW(Rela)) : sizeof(ElfW(Rel));
    if (!file->has[address_tag])
        return true;
    if (file->tags[size_tag] % entry_size != 0)
        return wrong(file, "is damaged: size of a relocation table");
    const segment_t *home = segment_of(file, address, file->tags[size_tag], true);
    uint64_t offset = home->p_offset + (address - home->p_vaddr);
    for (uint64_t end = offset + file->tags[size_tag]; offset < end;) {
        union {
            char bytes[RELOCATION_BATCH * sizeof(ElfW(Rela))];
            ElfW(Rel) first;
        } batch;
        uint64_t room = sizeof(batch) / entry_size * entry_size;
        size_t size = (size_t)(end - offset < room ? end - offset : room);
        if (!read_at(file, offset, &batch, size))
            return false;
        for (size_t at = 0; at < size; at += entry_size) {
            ElfW(Rel) one; /* a Rela begins like a Rel */
            memcpy(&one, batch.bytes + at, sizeof(one));
            home = segment_of(file, one.r_offset, sizeof(ElfW(Addr)), false);
            uint64_t symbol = RELOCATION_SYMBOL(one.r_info) * sizeof(ElfW(Sym));
            if (home == NULL || !(home->p_flags & PF_W) ||
                segment_of(file, file->tags[DT_SYMTAB] + symbol, sizeof(ElfW(Sym)), true) == NULL)
                return wrong(file, "is damaged: a relocation points outside what is loaded");
        }
        offset += size;
    }
    return true;
}

static bool check_flags(elf_file *file)
{
    if (file->tags[DT_FLAGS] & DF_STATIC_TLS)
        return wrong(file, "uses static thread-local storage, which every load uses up for good "
                           "(compile without -ftls-model=initial-exec)");
    if (file->has[DT_TEXTREL] || (file->tags[DT_FLAGS] & DF_TEXTREL))
        return wrong(file, "has relocations in its code (compile it with -fPIC)");
    return true;
}

zcache_status zc_elf_check(int fd, uint64_t size, const char *path)
{
    elf_file file = {.fd = fd, .size = size};
    if (check_header(&file) && check_segments(&file) && check_sections(&file) &&
        check_addresses(&file) && read_dynamic(&file) && check_strings(&file) &&
        check_flags(&file) && check_tables(&file) &&
        check_relocations(&file, DT_RELA, DT_RELASZ, true) &&
        check_relocations(&file, DT_REL, DT_RELSZ, false) &&
        check_relocations(&file, DT_JMPREL, DT_PLTRELSZ, file.tags[DT_PLTREL] == DT_RELA))
        return ZCACHE_OK;
    return zc_error(ZCACHE_E_PLUGIN, "plugin file %s %s", path, file.wrong);
}
