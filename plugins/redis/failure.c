/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What went wrong, in our statuses and in words. The server's error replies begin with a code word,
 * which decides; the text after it is for people, and is cut where it begins to quote the command,
 * for that may hold a password or a value.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "instance.h"

#define REPLY_TEXT_MAX 200

zcache_status redis_fail(const redis_instance *instance, zcache_status status, const char *format,
                         ...)
{
    char text[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    return instance->host->error(instance->host, status, "redis at %s: %s", instance->name, text);
}

zcache_status redis_fail_nomem(const redis_instance *instance)
{
    return redis_fail(instance, ZCACHE_E_NOMEM, "out of memory");
}

const char *redis_errno_text(int error, char *text, size_t size)
{
    const char *words = strerrordesc_np(error);
    snprintf(text, size, "%s", words != NULL ? words : "unknown error");
    if (text[0] != '\0' && islower((unsigned char)text[1]))
        text[0] = (char)tolower((unsigned char)text[0]);
    return text;
}

bool redis_text_begins(zcache_slice text, const char *with)
{
    size_t size = strlen(with);
    return text.size >= size && memcmp(text.data, with, size) == 0;
}

int redis_reply_text_size(zcache_slice text)
{
    static const char quoting[] = ", with args beginning with";
    const char *at = memmem(text.data, text.size, quoting, sizeof(quoting) - 1);
    size_t size = at != NULL ? (size_t)(at - (const char *)text.data) : text.size;
    return (int)(size < REPLY_TEXT_MAX ? size : REPLY_TEXT_MAX);
}

zcache_status redis_reply_status(zcache_slice text)
{
    static const struct {
        const char *begins;
        zcache_status status;
    } known[] = {
        {"WRONGTYPE ", ZCACHE_E_TYPE},
        {"ERR value is not an integer", ZCACHE_E_TYPE},
        {"ERR increment or decrement would overflow", ZCACHE_E_RANGE},
        {"NOAUTH ", ZCACHE_E_AUTH},
        {"WRONGPASS ", ZCACHE_E_AUTH},
        {"NOPERM ", ZCACHE_E_AUTH},
        {"DENIED ", ZCACHE_E_AUTH},
        {"ERR invalid password", ZCACHE_E_AUTH},
        {"LOADING ", ZCACHE_E_UNAVAILABLE},
        {"MASTERDOWN ", ZCACHE_E_UNAVAILABLE},
        {"CLUSTERDOWN ", ZCACHE_E_UNAVAILABLE},
        {"TRYAGAIN ", ZCACHE_E_UNAVAILABLE},
        {"BUSY ", ZCACHE_E_UNAVAILABLE},
        {"ERR max number of clients reached", ZCACHE_E_UNAVAILABLE},
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (redis_text_begins(text, known[i].begins))
            return known[i].status;
    return ZCACHE_E_SERVER;
}

zcache_status redis_fail_reply(const redis_instance *instance, zcache_slice text)
{
    return redis_fail(instance, redis_reply_status(text), "%.*s", redis_reply_text_size(text),
                      (const char *)text.data);
}
