/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Messages and log lines of a plugin go through here, so that none can show one of its secrets:
 * every occurrence of a SECRET option's value becomes "***".
 */
#include "loader/services.h"

#include <stdio.h>
#include <string.h>

#include "base/allocator.h"
#include "base/clock.h"
#include "base/error.h"

/* A shorter secret would be found in every other word. */
#define SECRET_MIN 3

static const zc_secret *next_of(const _Atomic(zc_secret *) *link)
{
    return atomic_load_explicit(link, memory_order_acquire);
}

/* The longest first: another may be a part of it. */
static void hide_secrets(const zc_services *services, char *text)
{
    for (const zc_secret *one = next_of(&services->secrets); one != NULL;
         one = next_of(&one->next)) {
        char *at = text;
        while ((at = strstr(at, one->text)) != NULL) {
            /* At least as long as "***", so the text only shrinks. */
            memcpy(at, "***", 3);
            memmove(at + 3, at + one->size, strlen(at + one->size) + 1);
            at += 3;
        }
    }
}

ZCACHE_PRINTF(4, 0)
static void format_safely(const zc_services *services, char *text, size_t size, const char *format,
                          va_list arguments)
{
    int length = vsnprintf(text, size, format, arguments);
    if (length < 0)
        snprintf(text, size, "(a message that could not be formatted)");
    hide_secrets(services, text);
    /* A secret that was cut at the end is no longer found: drop what may be its beginning. */
    const zc_secret *longest = next_of(&services->secrets);
    if (length >= (int)size && longest != NULL) {
        size_t kept = strlen(text);
        text[kept > longest->size ? kept - longest->size : 0] = '\0';
    }
}

ZCACHE_PRINTF(3, 4)
static void service_log(const zcache_host *host, zcache_log_level level, const char *format, ...)
{
    const zc_services *services = (const zc_services *)host;
    char text[ZC_ERROR_MAX];
    va_list arguments;
    va_start(arguments, format);
    format_safely(services, text, sizeof(text), format, arguments);
    va_end(arguments);
    if (level < ZCACHE_LOG_ERROR || level > ZCACHE_LOG_DEBUG)
        level = ZCACHE_LOG_ERROR;
    zc_log_write(services->log, level, "%s: %s", services->name, text);
}

ZCACHE_PRINTF(3, 4)
static zcache_status service_error(const zcache_host *host, zcache_status status,
                                   const char *format, ...)
{
    const zc_services *services = (const zc_services *)host;
    char text[ZC_ERROR_MAX];
    va_list arguments;
    va_start(arguments, format);
    format_safely(services, text, sizeof(text), format, arguments);
    va_end(arguments);
    return zc_error(status, "%s", text);
}

static void fill_table(zcache_host *host, const zcache_layer *next)
{
    *host = (zcache_host){
        .size = sizeof(zcache_host),
        .abi_major = ZCACHE_ABI_MAJOR,
        .abi_minor = ZCACHE_ABI_MINOR,
        .version = ZCACHE_VERSION,
        .log = service_log,
        .error = service_error,
        .now_ns = zc_now_ns,
        .alloc = zc_alloc,
        .realloc = zc_realloc,
        .free = zc_free,
        .next = next,
    };
}

static const char *secret_value(const zcache_option *option, const void *options)
{
    if (!(option->flags & ZCACHE_OPTION_SECRET) || option->type != ZCACHE_OPTION_STRING)
        return NULL;
    const char *value;
    memcpy(&value, (const char *)options + option->offset, sizeof(value));
    return value != NULL && strlen(value) >= SECRET_MIN ? value : NULL;
}

zcache_status zc_services_start(zc_services *services, zc_log *log,
                                const zcache_descriptor *descriptor, const void *options,
                                const zcache_layer *next)
{
    memset(services, 0, sizeof(*services));
    services->log = log;
    fill_table(&services->host, next);
    snprintf(services->name, sizeof(services->name), "%s", descriptor->name);
    return zc_services_learn(services, descriptor, options);
}

static zcache_status add_secret(zc_services *services, const char *value)
{
    size_t size = strlen(value);
    _Atomic(zc_secret *) *link = &services->secrets;
    zc_secret *at = atomic_load(link);
    while (at != NULL && at->size >= size) {
        if (strcmp(at->text, value) == 0)
            return ZCACHE_OK;
        link = &at->next;
        at = atomic_load(link);
    }
    zc_secret *made = zc_alloc(sizeof(*made) + size + 1);
    if (made == NULL)
        return zc_error_nomem();
    atomic_init(&made->next, at);
    made->size = size;
    memcpy(made->text, value, size + 1);
    atomic_store_explicit(link, made, memory_order_release);
    return ZCACHE_OK;
}

zcache_status zc_services_learn(zc_services *services, const zcache_descriptor *descriptor,
                                const void *options)
{
    zcache_status status = ZCACHE_OK;
    for (size_t i = 0; options != NULL && i < descriptor->option_count && status == ZCACHE_OK;
         i++) {
        const char *value = secret_value(&descriptor->options[i], options);
        if (value != NULL)
            status = add_secret(services, value);
    }
    return status;
}

void zc_services_stop(zc_services *services)
{
    zc_secret *one = atomic_load(&services->secrets);
    atomic_store(&services->secrets, NULL);
    while (one != NULL) {
        zc_secret *next = atomic_load(&one->next);
        explicit_bzero(one->text, one->size);
        zc_free(one);
        one = next;
    }
}

const zcache_host *zc_services_for_load(void)
{
    static zc_log log = {.level = ZCACHE_LOG_WARNING};
    static zc_services services = {.log = &log, .name = "plugin"};
    static _Atomic bool filled;
    if (!atomic_load(&filled)) { /* the loader's lock is held: one caller at a time */
        fill_table(&services.host, NULL);
        atomic_store(&filled, true);
    }
    return &services.host;
}
