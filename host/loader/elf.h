/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What must be true of a shared object before the dynamic linker may see it. glibc believes what
 * the file says of itself: a truncated or damaged one ends the process with SIGBUS or SIGSEGV. So
 * every table and range that it will follow is checked here first, with reads of the open file.
 */
#ifndef ZC_LOADER_ELF_H
#define ZC_LOADER_ELF_H

#include <stdint.h>
#include <zcache/types.h>

/* Checks the file behind `fd`, of `size` bytes; `path` is for the message.
 * Errors: ZCACHE_E_PLUGIN, with what is wrong. */
zcache_status zc_elf_check(int fd, uint64_t size, const char *path);

#endif
