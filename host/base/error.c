/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Status names and texts, and the message of this thread's last failure. The message lives in the
 * thread's record (base/thread.h), so that libzcache needs only one pointer of thread-local
 * storage.
 */
#include "base/error.h"

#include <stdio.h>
#include <string.h>

#include "base/thread.h"
#include <zcache/zcache.h>

static void show_control_characters(char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = '?';
}

/* Writes the message, which may quote the one that it replaces. */
ZCACHE_PRINTF(1, 0)
static void leave_message(const char *format, va_list arguments, const char *rest)
{
    zc_thread *thread = zc_thread_self();
    if (thread == NULL)
        return; /* zc_error_text() then says that memory is short */
    char text[ZC_ERROR_MAX];
    int size = vsnprintf(text, sizeof(text), format, arguments);
    if (size >= 0 && (size_t)size < sizeof(text))
        size += snprintf(text + size, sizeof(text) - (size_t)size, "%s", rest);
    if (size >= (int)sizeof(text))
        memcpy(text + sizeof(text) - 4, "...", 4);
    show_control_characters(text);
    memcpy(thread->message, text, sizeof(text));
    thread->message_left = true;
}

zcache_status zc_error_va(zcache_status status, const char *format, va_list arguments)
{
    leave_message(format, arguments, "");
    return status;
}

zcache_status zc_error(zcache_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    zc_error_va(status, format, arguments);
    va_end(arguments);
    return status;
}

void zc_error_prefix(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    leave_message(format, arguments, zc_error_text());
    va_end(arguments);
}

zcache_status zc_error_nomem(void)
{
    return zc_error(ZCACHE_E_NOMEM, "out of memory");
}

const char *zc_error_text(void)
{
    zc_thread *thread = zc_thread_self();
    return thread != NULL ? thread->message : "out of memory";
}

ZCACHE_PUBLIC const char *zcache_error_message(void)
{
    return zc_error_text();
}

ZCACHE_PUBLIC const char *zcache_status_name(zcache_status status)
{
    switch (status) {
#define STATUS_NAME(name, number, text) \
    case ZCACHE_##name:                 \
        return "ZCACHE_" #name;
        ZCACHE_STATUS_MAP(STATUS_NAME)
#undef STATUS_NAME
    }
    return "ZCACHE_(unknown status)";
}

ZCACHE_PUBLIC const char *zcache_status_text(zcache_status status)
{
    switch (status) {
#define STATUS_TEXT(name, number, text) \
    case ZCACHE_##name:                 \
        return text;
        ZCACHE_STATUS_MAP(STATUS_TEXT)
#undef STATUS_TEXT
    }
    return "unknown status";
}

ZCACHE_PUBLIC const char *zcache_version(void)
{
    return ZCACHE_VERSION;
}
