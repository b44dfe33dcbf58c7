/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * One line, one write: lines of several threads never mix.
 */
#include "base/log.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 1024

static const char *const level_names[] = {"error", "warning", "info", "debug"};

void zc_log_write_va(zc_log *log, zcache_log_level level, const char *prefix, const char *format,
                     va_list arguments)
{
    if ((int)level > atomic_load_explicit(&log->level, memory_order_relaxed))
        return;
    char text[LINE_MAX_BYTES];
    size_t start = 0;
    if (log->write == NULL)
        start = (size_t)snprintf(text, sizeof(text), "zcache: %s: ", level_names[level]);
    int size = snprintf(text + start, sizeof(text) - start, "%s", prefix);
    size_t end = start + (size_t)size;
    if (end < sizeof(text) - 1) {
        size = vsnprintf(text + end, sizeof(text) - end, format, arguments);
        end += size > 0 ? (size_t)size : 0;
    }
    if (end > sizeof(text) - 2)
        end = sizeof(text) - 2;
    for (size_t i = start; i < end; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            text[i] = '?';
    if (log->write != NULL) {
        text[end] = '\0';
        log->write(log->user, level, text);
        return;
    }
    text[end] = '\n';
    ssize_t written = write(STDERR_FILENO, text, end + 1);
    (void)written; /* there is nowhere to say that standard error is gone */
}

void zc_log_write(zc_log *log, zcache_log_level level, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    zc_log_write_va(log, level, "", format, arguments);
    va_end(arguments);
}
