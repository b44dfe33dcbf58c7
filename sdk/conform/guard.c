/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Memory that ends where nothing is mapped: a read beyond the bytes, or after they were given back,
 * is a crash.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "check.h"

conform_guard conform_guard_make(zcache_slice bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t room = (bytes.size + page - 1) / page * page;
    conform_guard guard = {.map_size = room + page};
    guard.map =
        mmap(NULL, guard.map_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    expect(guard.map != MAP_FAILED, "no memory for the check's own input");
    char *end = (char *)guard.map + room;
    char *begin = end - bytes.size;
    if (bytes.size > 0)
        memcpy(begin, bytes.data, bytes.size);
    if (room > 0 && mprotect(guard.map, room, PROT_READ) != 0)
        conform_fail("mprotect failed");
    if (mprotect(end, page, PROT_NONE) != 0)
        conform_fail("mprotect failed");
    guard.bytes = zcache_bytes_of(begin, bytes.size);
    return guard;
}

void conform_guard_free(conform_guard *guard)
{
    munmap(guard->map, guard->map_size);
    guard->map = NULL;
}
