/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * Cuts a Redis URL (RFC 3986 syntax) at its delimiters, each of which becomes the terminator of the
 * piece before it.
 */
#include "url.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/un.h>

#define BAD_ESCAPE   "a % must be followed by two hexadecimal digits, and %00 is not allowed"
#define BAD_DATABASE "the database is not a number from 0 to 2147483647"

static int hex_digit(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

/* Percent-decodes in place. False: a bad escape. */
static bool decode(char *text)
{
    char *out = text;
    for (const char *in = text; *in != '\0'; in++) {
        if (*in != '%') {
            *out++ = *in;
            continue;
        }
        int high = hex_digit(in[1]);
        int low = high < 0 ? -1 : hex_digit(in[2]);
        if (low < 0 || (high == 0 && low == 0))
            return false;
        *out++ = (char)(high * 16 + low);
        in += 2;
    }
    *out = '\0';
    return true;
}

/* A decimal number of digits alone, or -1. */
static int64_t number(const char *text, int64_t max)
{
    int64_t value = 0;
    if (*text == '\0')
        return -1;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return -1;
        value = value * 10 + (*text - '0');
        if (value > max)
            return -1;
    }
    return value;
}

/* `user`, `user:password` or `:password`, before the @ that was cut off. */
static const char *parse_user(char *text, redis_url *url)
{
    char *colon = strchr(text, ':');
    if (colon != NULL) {
        *colon = '\0';
        if (!decode(colon + 1))
            return BAD_ESCAPE;
        url->password = colon + 1;
    }
    if (!decode(text))
        return BAD_ESCAPE;
    if (*text != '\0')
        url->user = text;
    return NULL;
}

/* Cuts the user off the front of an authority, which it advances. */
static const char *take_user(char **authority, redis_url *url)
{
    char *at = strrchr(*authority, '@');
    if (at == NULL)
        return NULL;
    *at = '\0';
    const char *wrong = parse_user(*authority, url);
    *authority = at + 1;
    return wrong;
}

static const char *parse_host(char *text, redis_url *url)
{
    static const char name_bytes[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    char *port = NULL;
    if (*text == '[') {
        char *end = strchr(text, ']');
        if (end == NULL)
            return "the bracket of the IPv6 address is not closed";
        *end = '\0';
        url->host = text + 1;
        if (end[1] == ':')
            port = end + 2;
        else if (end[1] != '\0')
            return "only a port can follow the bracket of an IPv6 address";
        if (strchr(url->host, ':') == NULL)
            return "what is in brackets is not an IPv6 address";
    } else {
        char *colon = strchr(text, ':');
        if (colon != NULL && strchr(colon + 1, ':') != NULL)
            return "the host has more than one colon: an IPv6 address must be in brackets, and a "
                   "user and password must be followed by @";
        if (colon != NULL) {
            *colon = '\0';
            port = colon + 1;
        }
        url->host = text;
        if (text[strspn(text, name_bytes)] != '\0')
            return "the host is neither a name nor an address";
    }
    if (*url->host == '\0')
        return "the host is missing";
    if (port != NULL && number(port, 65535) < 1)
        return "the port is not a number from 1 to 65535";
    url->port = port != NULL ? port : "6379";
    return NULL;
}

/* What follows the `?`: db=N, alone. */
static const char *parse_query(const char *text, redis_url *url)
{
    if (strncmp(text, "db=", 3) != 0 || strchr(text, '&') != NULL)
        return "the only parameter is db, as ?db=2";
    if (url->database >= 0)
        return "the database is given twice";
    url->database = number(text + 3, INT_MAX);
    return url->database < 0 ? BAD_DATABASE : NULL;
}

/* unix:/path, unix:///path, unix://user:password@/path. */
static const char *parse_unix(char *text, redis_url *url)
{
    char *path = text;
    if (strncmp(path, "//", 2) == 0) {
        char *authority = path + 2;
        char *slash = strchr(authority, '/');
        if (slash == NULL)
            return "unix: must be followed by an absolute path, as unix:/run/redis/redis.sock";
        /* the path's slash stays: the authority moves down over the second of the two before it */
        memmove(authority - 1, authority, (size_t)(slash - authority));
        slash[-1] = '\0';
        authority--;
        const char *wrong = take_user(&authority, url);
        if (wrong != NULL)
            return wrong;
        if (*authority != '\0')
            return "unix: has no host: write unix:/path, or unix:///path";
        path = slash;
    }
    if (*path != '/')
        return "unix: must be followed by an absolute path, as unix:/run/redis/redis.sock";
    if (!decode(path))
        return BAD_ESCAPE;
    if (strlen(path) >= sizeof(((struct sockaddr_un *)0)->sun_path))
        return "the path of the Unix socket is too long";
    url->path = path;
    return NULL;
}

static const char *parse_tcp(char *text, redis_url *url)
{
    char *authority = text;
    char *rest = text + strcspn(text, "/#");
    char *database = *rest == '/' ? rest + 1 : NULL;
    if (strpbrk(rest, "@#") != NULL)
        return "/, ?, # and @ in a user or password must be percent-encoded, as %2F %3F %23 %40";
    *rest = '\0';
    const char *wrong = take_user(&authority, url);
    if (wrong == NULL)
        wrong = parse_host(authority, url);
    if (wrong == NULL && database != NULL && *database != '\0') {
        url->database = number(database, INT_MAX);
        if (url->database < 0)
            wrong = BAD_DATABASE;
    }
    return wrong;
}

const char *redis_url_parse(char *text, redis_url *url)
{
    *url = (redis_url){.database = -1};
    bool tcp = strncmp(text, "redis://", 8) == 0;
    if (strncmp(text, "rediss://", 9) == 0)
        return "rediss:// asks for TLS, which this provider does not have";
    if (!tcp && strncmp(text, "unix:", 5) != 0)
        return "it must begin with redis:// or unix:";
    text += tcp ? 8 : 5;

    char *query = strchr(text, '?');
    if (query != NULL) {
        if (strchr(query, '@') != NULL)
            return "/, ?, # and @ in a user or password must be percent-encoded, as %2F %3F %23 "
                   "%40";
        *query++ = '\0';
    }
    const char *wrong = tcp ? parse_tcp(text, url) : parse_unix(text, url);
    if (wrong == NULL && query != NULL)
        wrong = parse_query(query, url);
    return wrong;
}
