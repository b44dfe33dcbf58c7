/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Damaged shared objects: glibc would end the process. Every truncation must be refused, and every
 * damage of a field that the dynamic linker follows; of single flipped bits, which can also hit
 * code, the check itself must survive all and the linker most.
 */
#include <elf.h>
#include <link.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "../fixtures/fixture-files.h"
#include "child.h"
#include "expect.h"
#include "loader/elf.h"
#include "loader/module.h"
#include "watched.h"

typedef struct image {
    char *bytes;
    size_t size;
    int fd; /* a file in memory */
} image;

static void put(image *file, size_t size)
{
    assert_int_equal(ftruncate(file->fd, 0), 0);
    assert_int_equal(pwrite(file->fd, file->bytes, size, 0), (ssize_t)size);
}

static zcache_status check(image *file, size_t size)
{
    put(file, size);
    return zc_elf_check(file->fd, size, "image");
}

static int setup(void **state)
{
    static image file;
    file.bytes = fixture_read("store", &file.size);
    file.fd = memfd_create("store.so", MFD_CLOEXEC);
    *state = &file;
    return file.fd < 0;
}

static int teardown(void **state)
{
    image *file = *state;
    free(file->bytes);
    close(file->fd);
    return 0;
}

static ElfW(Ehdr) * header_of(image *file)
{
    return (ElfW(Ehdr) *)(void *)file->bytes;
}

static ElfW(Phdr) * segment_of(image *file, uint32_t type)
{
    ElfW(Phdr) *segments = (ElfW(Phdr) *)(void *)(file->bytes + header_of(file)->e_phoff);
    for (unsigned i = 0; i < header_of(file)->e_phnum; i++)
        if (segments[i].p_type == type)
            return &segments[i];
    fail_msg("the fixture has no segment of type %u", type);
    return NULL;
}

static ElfW(Dyn) * dynamic_of(image *file, int64_t tag)
{
    ElfW(Phdr) *segment = segment_of(file, PT_DYNAMIC);
    ElfW(Dyn) *entry = (ElfW(Dyn) *)(void *)(file->bytes + segment->p_offset);
    for (size_t i = 0; i < segment->p_filesz / sizeof(*entry); i++)
        if (entry[i].d_tag == tag)
            return &entry[i];
    fail_msg("the fixture has no dynamic entry %lld", (long long)tag);
    return NULL;
}

static void test_whole_file_passes(void **state)
{
    image *file = *state;
    assert_status(ZCACHE_OK, check(file, file->size));
}

static void test_every_truncation_is_refused(void **state)
{
    image *file = *state;
    for (size_t size = 0; size < file->size; size += size < 4096 ? 1 : 61)
        assert_status(ZCACHE_E_PLUGIN, check(file, size));
    assert_error(ZCACHE_E_PLUGIN, "is truncated", check(file, file->size - 1));
}

/* Sets a field to each of some values: all are refused for the reason; then restores it. */
#define DAMAGE(place, reason, ...)                                             \
    do {                                                                       \
        __typeof__(place) saved_ = (place), values_[] = {__VA_ARGS__};         \
        for (size_t i_ = 0; i_ < sizeof(values_) / sizeof(values_[0]); i_++) { \
            (place) = values_[i_];                                             \
            assert_error(ZCACHE_E_PLUGIN, reason, check(file, file->size));    \
        }                                                                      \
        (place) = saved_;                                                      \
    } while (0)

#define HUGE_VALUE UINT64_C(0x7fffffffffffff00)

static void test_damaged_header_is_refused(void **state)
{
    image *file = *state;
    ElfW(Ehdr) *header = header_of(file);
    DAMAGE(header->e_ident[EI_MAG0], "is not an ELF file", 0, 0x7e);
    DAMAGE(header->e_ident[EI_CLASS], "another word size", 0, 3);
    DAMAGE(header->e_ident[EI_DATA], "another byte order", 0, 3);
    DAMAGE(header->e_ident[EI_VERSION], "ELF version", 0, 2);
    DAMAGE(header->e_ident[EI_OSABI], "another operating system", ELFOSABI_SOLARIS, 255);
    DAMAGE(header->e_machine, "another machine", EM_NONE, EM_SPARC);
    DAMAGE(header->e_type, "is not a shared object", ET_NONE, ET_EXEC, ET_REL, ET_CORE);
    DAMAGE(header->e_ehsize, "size of the ELF header", 0, 65535);
    DAMAGE(header->e_phentsize, "size of a segment entry", 0, 1, 65535);
    DAMAGE(header->e_phnum, "number of segments", 0, 65, 65535);
    DAMAGE(header->e_phoff, "", 1, (ElfW(Off))file->size, (ElfW(Off))HUGE_VALUE, (ElfW(Off)) - 8);
    DAMAGE(header->e_shentsize, "size of a section entry", 0, 1, 65535);
    DAMAGE(header->e_shoff, "is truncated", (ElfW(Off))file->size, (ElfW(Off))HUGE_VALUE);
    DAMAGE(header->e_shnum, "", 65535);
    DAMAGE(header->e_shstrndx, "section names", header->e_shnum, 65535);
    DAMAGE(header->e_entry, "entry point", 1, (ElfW(Addr))HUGE_VALUE);
    assert_status(ZCACHE_OK, check(file, file->size));
}

static void test_damaged_segments_are_refused(void **state)
{
    image *file = *state;
    ElfW(Phdr) *load = segment_of(file, PT_LOAD);
    DAMAGE(load->p_filesz, "", (ElfW(Xword))file->size + 1, (ElfW(Xword)) - 1, load->p_memsz + 1);
    DAMAGE(load->p_offset, "", (ElfW(Off))file->size, (ElfW(Off)) - 4096, 1);
    DAMAGE(load->p_vaddr, "", 1, (ElfW(Addr))HUGE_VALUE);
    DAMAGE(load->p_memsz, "", 0, (ElfW(Xword)) - 1, (ElfW(Xword))HUGE_VALUE);
    DAMAGE(load->p_align, "alignment", 0, 3, 16);
    ElfW(Phdr) *dynamic = segment_of(file, PT_DYNAMIC);
    DAMAGE(dynamic->p_type, "no dynamic section", PT_NULL, PT_NOTE + 100);
    DAMAGE(dynamic->p_type, "is a program", PT_INTERP);
    DAMAGE(dynamic->p_vaddr, "lies outside", dynamic->p_vaddr + 16, 0);
    DAMAGE(dynamic->p_filesz, "", 16, dynamic->p_filesz - 8, dynamic->p_filesz + HUGE_VALUE);
    ElfW(Phdr) *stack = segment_of(file, PT_GNU_STACK);
    DAMAGE(stack->p_flags, "executable stack", PF_R | PF_W | PF_X);
    DAMAGE(segment_of(file, PT_NOTE)->p_offset, "", (ElfW(Off))file->size);
    DAMAGE(segment_of(file, PT_GNU_RELRO)->p_vaddr, "lies outside", (ElfW(Addr))HUGE_VALUE);
    assert_status(ZCACHE_OK, check(file, file->size));
}

static void test_damaged_dynamic_section_is_refused(void **state)
{
    image *file = *state;
    static const int64_t addresses[] = {DT_STRTAB, DT_SYMTAB, DT_GNU_HASH, DT_VERSYM,
                                        DT_INIT_ARRAY};
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
        DAMAGE(dynamic_of(file, addresses[i])->d_un.d_ptr, "is damaged", (ElfW(Addr))HUGE_VALUE,
               (ElfW(Addr)) - 16, (ElfW(Addr))file->size * 16);
    DAMAGE(dynamic_of(file, DT_STRSZ)->d_un.d_val, "dynamic strings", 0, (ElfW(Xword))file->size,
           (ElfW(Xword)) - 1, dynamic_of(file, DT_STRSZ)->d_un.d_val - 2);
    DAMAGE(dynamic_of(file, DT_SONAME)->d_un.d_val, "dynamic string", (ElfW(Xword))file->size);
    DAMAGE(dynamic_of(file, DT_NEEDED)->d_un.d_val, "dynamic string", (ElfW(Xword)) - 1);
    DAMAGE(dynamic_of(file, DT_SYMENT)->d_un.d_val, "dynamic symbols", 0, 23);
    DAMAGE(dynamic_of(file, DT_INIT_ARRAYSZ)->d_un.d_val, "is damaged", (ElfW(Xword)) - 8);
    ElfW(Dyn) *flags = dynamic_of(file, DT_SYMENT);
    ElfW(Dyn) saved = *flags; /* any entry can become a flag */
    *flags = (ElfW(Dyn)){.d_tag = DT_FLAGS, .d_un.d_val = DF_STATIC_TLS};
    assert_error(ZCACHE_E_PLUGIN, "", check(file, file->size));
    *flags = (ElfW(Dyn)){.d_tag = DT_FLAGS_1, .d_un.d_val = DF_1_PIE};
    assert_error(ZCACHE_E_PLUGIN, "is a program", check(file, file->size));
    *flags = saved;
    assert_status(ZCACHE_OK, check(file, file->size));
}

static void test_damaged_relocations_are_refused(void **state)
{
    image *file = *state;
#if defined(__LP64__)
    typedef ElfW(Rela) relocation;
    uint64_t address = dynamic_of(file, DT_RELA)->d_un.d_ptr;
#else
    typedef ElfW(Rel) relocation;
    uint64_t address = dynamic_of(file, DT_REL)->d_un.d_ptr;
#endif
    /* the first load segment begins with the file: address and offset are the same there */
    relocation *first = (relocation *)(void *)(file->bytes + address);
    DAMAGE(first->r_offset, "a relocation points outside", 0, (ElfW(Addr))HUGE_VALUE,
           (ElfW(Addr)) - 8);
    DAMAGE(first->r_info, "a relocation points outside",
           first->r_info | ~(__typeof__(first->r_info))0 << (4 * sizeof(first->r_info)));
    assert_status(ZCACHE_OK, check(file, file->size));
}

/* Loads in a child: what comes back is its wait status. */
static int load_in_child(const char *dir)
{
    pid_t child = child_fork();
    if (child == 0) {
        close(STDERR_FILENO);
        zc_module *module;
        const zcache_list path = {1, (const char *const[]){dir, NULL}};
        zcache_status status = zc_module_open("store", &path, 0, &module);
        if (status == ZCACHE_OK)
            zc_module_close(module);
        _exit(status == ZCACHE_OK ? 0 : 3);
    }
    return child_wait(child);
}

static void test_flipped_bits_do_not_pass_unnoticed_into_the_linker(void **state)
{
    image *file = *state;
    const char *dir = temp_dir();
    enum { FLIPS = 200 };
    int refused = 0, ended_badly = 0;
    for (size_t i = 0; i < FLIPS; i++) {
        size_t at = file->size * i / FLIPS;
        char bit = (char)(1 << i % 8);
        file->bytes[at] = (char)(file->bytes[at] ^ bit);
        zcache_status status = check(file, file->size);
        if (status != ZCACHE_OK) {
            refused++;
        } else {
            fixture_install(dir, "store", file->bytes, file->size);
            int ended = load_in_child(dir);
            bool well = WIFEXITED(ended) && (WEXITSTATUS(ended) == 0 || WEXITSTATUS(ended) == 3);
            assert_false(WIFSIGNALED(ended) && WTERMSIG(ended) == SIGALRM);
            ended_badly += !well;
        }
        file->bytes[at] = (char)(file->bytes[at] ^ bit);
    }
    print_message("# of %d flips %d were refused, %d ended the process\n", FLIPS, refused,
                  ended_badly);
    assert_true(refused > 0);
    assert_true(ended_badly * 20 <= FLIPS);
    assert_status(ZCACHE_OK, check(file, file->size));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_file_passes),
        cmocka_unit_test(test_every_truncation_is_refused),
        cmocka_unit_test(test_damaged_header_is_refused),
        cmocka_unit_test(test_damaged_segments_are_refused),
        cmocka_unit_test(test_damaged_dynamic_section_is_refused),
        cmocka_unit_test(test_damaged_relocations_are_refused),
        cmocka_unit_test(test_flipped_bits_do_not_pass_unnoticed_into_the_linker),
    };
    expect_of("loader");
    /* The last three know what a plain object is made of: a sanitizer's is made of more. */
    size_t count = sizeof(tests) / sizeof(tests[0]) - (SANITIZED ? 3 : 0);
    return _cmocka_run_group_tests("loader: ELF files", tests, count, setup, teardown);
}
