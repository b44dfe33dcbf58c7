/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The spool of spool.h. A record is the expiry time, one byte of length, the key.
 */
#include "spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define BUFFER_SIZE 262144
#define HEAD_SIZE   (sizeof(int64_t) + 1)

_Static_assert(MC_KEY_MAX <= UINT8_MAX, "a key's length is one byte");

zcache_status mc_spool_open(mc_spool *spool, const zcache_host *host)
{
    *spool = (mc_spool){.host = host, .buffer = host->alloc(BUFFER_SIZE), .file = -1};
    return spool->buffer != NULL ? ZCACHE_OK
                                 : host->error(host, ZCACHE_E_NOMEM, "memcached: out of memory");
}

void mc_spool_clear(mc_spool *spool)
{
    if (spool->file >= 0)
        close(spool->file);
    spool->file = -1;
    spool->size = spool->start = 0;
}

void mc_spool_close(mc_spool *spool)
{
    mc_spool_clear(spool);
    spool->host->free(spool->buffer);
}

static zcache_status file_error(const mc_spool *spool, const char *what)
{
    return spool->host->error(spool->host, ZCACHE_E_NOMEM,
                              "memcached: cannot keep the keys of a scan: %s a temporary file: %s",
                              what, strerrordesc_np(errno));
}

/* A file that nobody else can open, and that goes with its descriptor. */
static zcache_status open_file(mc_spool *spool)
{
    const char *folder = secure_getenv("TMPDIR");
    char path[4096];
    if (folder == NULL || folder[0] != '/')
        folder = "/tmp";
    spool->file = open(folder, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
    if (spool->file >= 0)
        return ZCACHE_OK;
    /* A file system without O_TMPFILE. */
    int size = snprintf(path, sizeof(path), "%s/zcache-XXXXXX", folder);
    if (size > 0 && (size_t)size < sizeof(path))
        spool->file = mkostemp(path, O_CLOEXEC);
    if (spool->file < 0)
        return file_error(spool, "making");
    unlink(path);
    return ZCACHE_OK;
}

/* Moves the buffer to the end of the file. */
static zcache_status write_out(mc_spool *spool)
{
    size_t done = 0;
    if (spool->file < 0) {
        zcache_status status = open_file(spool);
        if (status != ZCACHE_OK)
            return status;
    }
    while (done < spool->size) {
        ssize_t written = write(spool->file, spool->buffer + done, spool->size - done);
        if (written < 0 && errno != EINTR)
            return file_error(spool, "writing");
        done += written > 0 ? (size_t)written : 0;
    }
    spool->size = 0;
    return ZCACHE_OK;
}

zcache_status mc_spool_put(mc_spool *spool, const mc_dump_line *dump)
{
    if (BUFFER_SIZE - spool->size < HEAD_SIZE + dump->key_size) {
        zcache_status status = write_out(spool);
        if (status != ZCACHE_OK)
            return status;
    }
    char *at = spool->buffer + spool->size;
    memcpy(at, &dump->expires_s, sizeof(dump->expires_s));
    at[sizeof(dump->expires_s)] = (char)(unsigned char)dump->key_size;
    memcpy(at + HEAD_SIZE, dump->key, dump->key_size);
    spool->size += HEAD_SIZE + dump->key_size;
    return ZCACHE_OK;
}

zcache_status mc_spool_rewind(mc_spool *spool)
{
    spool->start = 0;
    if (spool->file < 0)
        return ZCACHE_OK;
    zcache_status status = write_out(spool);
    if (status == ZCACHE_OK && lseek(spool->file, 0, SEEK_SET) < 0)
        status = file_error(spool, "reading");
    return status;
}

/* Makes at least `wanted` bytes available, if so many are left. */
static zcache_status read_in(mc_spool *spool, size_t wanted)
{
    if (spool->file < 0 || spool->size - spool->start >= wanted)
        return ZCACHE_OK;
    memmove(spool->buffer, spool->buffer + spool->start, spool->size - spool->start);
    spool->size -= spool->start;
    spool->start = 0;
    while (spool->size < wanted) {
        ssize_t got = read(spool->file, spool->buffer + spool->size, BUFFER_SIZE - spool->size);
        if (got < 0 && errno != EINTR)
            return file_error(spool, "reading");
        if (got == 0)
            break;
        spool->size += got > 0 ? (size_t)got : 0;
    }
    return ZCACHE_OK;
}

zcache_status mc_spool_next(mc_spool *spool, mc_dump_line *dump)
{
    zcache_status status = read_in(spool, HEAD_SIZE + MC_KEY_MAX);
    if (status != ZCACHE_OK)
        return status;
    if (spool->start == spool->size)
        return ZCACHE_MISS;
    const char *at = spool->buffer + spool->start;
    memcpy(&dump->expires_s, at, sizeof(dump->expires_s));
    dump->key_size = (unsigned char)at[sizeof(dump->expires_s)];
    memcpy(dump->key, at + HEAD_SIZE, dump->key_size);
    spool->start += HEAD_SIZE + dump->key_size;
    return ZCACHE_OK;
}
