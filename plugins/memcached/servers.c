/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The parser of servers.h. The host is copied into a buffer of its own; everything after it is a
 * port, then a weight, and nothing else.
 */
#include "servers.h"

#include <stdio.h>

#include "protocol.h"

static bool copy_host(mc_address *address, const char *text, size_t size, const char **why)
{
    if (size == 0) {
        *why = "it names no host";
        return false;
    }
    if (size >= sizeof(address->host)) {
        *why = "the host name is too long";
        return false;
    }
    memcpy(address->host, text, size);
    address->host[size] = '\0';
    return true;
}

/* Reads the number between `mark` and the next of `ends`, and moves *text behind it. */
static bool read_number(const char **text, const char *ends, uint64_t max, uint64_t *number)
{
    size_t size = strcspn(*text, ends);
    if (!mc_parse_unsigned(*text, size, number) || *number == 0 || *number > max)
        return false;
    *text += size;
    return true;
}

static bool parse_unix(const char *path, mc_address *address, const char **why)
{
    if (path[0] != '/') {
        *why = "the path of a Unix socket must be absolute";
        return false;
    }
    if (strlen(path) >= sizeof(((struct sockaddr_un *)0)->sun_path)) {
        *why = "the path of a Unix socket has at most 107 bytes";
        return false;
    }
    address->port = 0;
    snprintf(address->text, sizeof(address->text), "unix:%s", path);
    return copy_host(address, path, strlen(path), why);
}

/* Host names and addresses are what getaddrinfo will be asked: refuse what can only be a slip. */
static bool check_host(const mc_address *address, const char **why)
{
    for (const char *c = address->host; *c != '\0'; c++)
        if (*c <= ' ' || *c >= 0x7f || strchr("/\\@?#[]\"'", *c) != NULL) {
            *why = "the host name has a character that none has";
            return false;
        }
    return true;
}

bool mc_parse_address(const char *text, mc_address *address, const char **why)
{
    *address = (mc_address){.port = MC_PORT, .weight = 1};
    if (strncmp(text, "unix:", 5) == 0)
        return parse_unix(text + 5, address, why);
    if (text[0] == '/')
        return parse_unix(text, address, why);

    const char *rest;
    bool ipv6 = text[0] == '[';
    if (ipv6) {
        rest = strchr(text, ']');
        if (rest == NULL) {
            *why = "the bracket is not closed";
            return false;
        }
        if (!copy_host(address, text + 1, (size_t)(rest - text - 1), why))
            return false;
        rest++;
    } else {
        rest = text + strcspn(text, ":/");
        if (rest[0] == ':' && strchr(rest + 1, ':') != NULL) {
            *why = "an IPv6 address stands in brackets";
            return false;
        }
        if (!copy_host(address, text, (size_t)(rest - text), why))
            return false;
    }
    if (!check_host(address, why))
        return false;

    uint64_t number;
    if (rest[0] == ':') {
        rest++;
        if (!read_number(&rest, "/", UINT16_MAX, &number)) {
            *why = "a port is a number from 1 to 65535";
            return false;
        }
        address->port = (in_port_t)number;
    }
    if (rest[0] == '/') {
        rest++;
        if (!read_number(&rest, "", MC_WEIGHT_MAX, &number)) {
            *why = "a weight is a number from 1 to 1000";
            return false;
        }
        address->weight = (uint32_t)number;
    }
    if (rest[0] != '\0') {
        *why = "something follows the address";
        return false;
    }
    snprintf(address->text, sizeof(address->text), ipv6 ? "[%s]:%u" : "%s:%u", address->host,
             (unsigned)address->port);
    return true;
}
