/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * inih splits lines into keys and values; this reader stands before it and looks at each line
 * first. For inih, alone, reads the rest of a long line as another setting, ends a line at a NUL,
 * cuts section names at 49 bytes, ignores what follows a `]`, takes an indented line for a second
 * value of the key before it, and lets the last of two equal keys win.
 *
 * The handler is called at most once for a line, before the next is asked for: so the reader's
 * state, with the line's number and section, is the handler's too.
 */
#include "config/ini.h"

#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <limits.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "base/allocator.h"
#include "base/error.h"

#define NO_SETTING SIZE_MAX

typedef struct ini_state {
    zc_settings *settings;
    const char *name;
    const char *at, *end; /* what is not read yet */
    unsigned line;        /* of the line that was read last, as are the next two */
    bool indented;
    bool commented;
    bool in_setting; /* a setting stands above in this section: an indented line continues it */
    char *section;   /* NULL before the first */
    zcache_status status;
} ini_state;

/* Refuses the line that was read last. */
ZCACHE_PRINTF(2, 3) static bool refuse(ini_state *state, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    state->status = zc_error_va(ZCACHE_E_CONFIG, format, arguments);
    va_end(arguments);
    zc_error_prefix("%s:%u: ", state->name, state->line);
    return false;
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && is_blank(*at))
        at++;
    return at;
}

static bool is_word_byte(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '_' || byte == '-' || byte == '.';
}

static bool check_bytes(ini_state *state, const char *line, const char *end)
{
    for (const char *at = line; at < end; at++) {
        unsigned char byte = (unsigned char)*at;
        if (byte == 0)
            return refuse(state, "a NUL byte: this is not a text file (UTF-16? save it as UTF-8)");
        if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
            return refuse(state, "a control character (0x%02x)", byte);
    }
    return true;
}

/* A line "[section]", from its bracket. */
static bool begin_section(ini_state *state, const char *bracket, const char *end)
{
    const char *name = bracket + 1;
    const char *close = memchr(name, ']', (size_t)(end - name));
    if (close == NULL)
        return refuse(state, "a section needs a closing bracket, as [cache]");
    const char *rest = skip_blanks(close + 1, end);
    if (rest < end && *rest != ';' && *rest != '#')
        return refuse(state, "text after the closing bracket of a section");

    zc_free(state->section);
    state->section = zc_strndup(name, (size_t)(close - name));
    char *origin = zc_format("%s:%u", state->name, state->line);
    const zc_section *earlier = NULL;
    if (state->section == NULL || origin == NULL)
        state->status = zc_error_nomem();
    else if ((earlier = zc_settings_section(state->settings, state->section)) != NULL)
        refuse(state, "[%s]: this section begins at line %u already; write it in one piece",
               state->section, earlier->line);
    else
        state->status =
            zc_settings_add_section(state->settings, state->section, origin, state->line);
    zc_free(origin);
    state->in_setting = false;
    return state->status == ZCACHE_OK;
}

/* An indented line continues a list. One that looks like a setting or a section of its own would
 * become part of the value above without anybody noticing. */
static bool check_indented(ini_state *state, const char *first, const char *end)
{
    const char *at = *first == '[' ? first + 1 : first;
    while (at < end && is_word_byte(*at))
        at++;
    bool section = *first == '[' && at < end && *at == ']' && skip_blanks(at + 1, end) == end;
    bool setting = *first != '[' && at > first && (at = skip_blanks(at, end)) < end && *at == '=';
    if (section || setting || !state->in_setting)
        return refuse(state, "this line is indented: only a further line of a list may be; remove "
                             "the blanks at its start");
    return true;
}

/* Where a value's comment begins, a semicolon after a blank; `end` if it has none. */
static const char *find_comment(const char *value, const char *end)
{
    for (const char *at = value; at + 1 < end; at++)
        if (is_blank(at[0]) && at[1] == ';')
            return at;
    return end;
}

static bool check_setting(ini_state *state, const char *first, const char *end)
{
    const char *separator = first + strcspn(first, "=:");
    if (separator >= end || find_comment(first, separator) < separator)
        return refuse(state, "expected \"key = value\", \"[section]\" or a comment");
    if (separator == first)
        return refuse(state, "a key is missing before the \"%c\"", *first);
    if (state->section == NULL)
        return refuse(state, "a setting before any section; begin with [cache]");
    state->commented = find_comment(separator + 1, end) < end;
    return true;
}

/* inih's reader: gives it the next line, without its end. `size` is how much it can take. */
static char *read_line(char *buffer, int size, void *user)
{
    ini_state *state = user;
    if (state->status != ZCACHE_OK || state->at == state->end)
        return NULL;
    const char *line = state->at;
    const char *end = memchr(line, '\n', (size_t)(state->end - line));
    state->at = end != NULL ? end + 1 : state->end;
    if (end == NULL)
        end = state->end;
    if (end > line && end[-1] == '\r')
        end--;
    state->line++;
    state->commented = false;
    buffer[0] = '\0';

    const char *first = skip_blanks(line, end);
    state->indented = first > line;
    if (!check_bytes(state, line, end))
        return NULL;
    if (first == end || *first == '#' || *first == ';')
        return buffer; /* an empty line is all that inih needs to know, however long a comment is */
    if (end - line > size - 1) {
        refuse(state,
               "the line has %zu bytes, and at most %d can be read: continue a list on indented "
               "lines; a long value can be given by the environment, ZCACHE_<SECTION>_<KEY>",
               (size_t)(end - line), size - 1);
        return NULL;
    }
    memcpy(buffer, line, (size_t)(end - line));
    buffer[end - line] = '\0';

    const char *copy = buffer + (first - line), *copy_end = buffer + (end - line);
    bool good = state->indented ? check_indented(state, copy, copy_end)
                : *copy == '['  ? begin_section(state, copy, copy_end)
                                : check_setting(state, copy, copy_end);
    return good ? buffer : NULL;
}

static zcache_status add_setting(ini_state *state, const char *key, const char *text)
{
    const zc_setting *earlier =
        zc_settings_find_rank(state->settings, state->section, key, ZC_RANK_FILE);
    if (earlier != NULL) {
        refuse(state, "[%s] %s: set at line %u already", state->section, key, earlier->line);
        return state->status;
    }
    char *origin = zc_format("%s:%u", state->name, state->line);
    if (origin == NULL)
        return zc_error_nomem();
    zcache_status status =
        zc_settings_add(state->settings, &(zc_setting){.rank = ZC_RANK_FILE,
                                                       .section = state->section,
                                                       .key = key,
                                                       .text = text,
                                                       .origin = origin,
                                                       .line = state->line,
                                                       .commented = state->commented});
    zc_free(origin);
    state->in_setting = status == ZCACHE_OK;
    return status;
}

/* inih leaves the comment in a line that continues a value. */
static zcache_status continue_setting(ini_state *state, const char *value)
{
    const char *end = value + strlen(value);
    char *text = zc_strndup(value, (size_t)(find_comment(value, end) - value));
    zcache_status status =
        text != NULL ? zc_settings_append(state->settings, text, state->line) : zc_error_nomem();
    zc_free(text);
    return status;
}

/* inih's handler. Its own idea of the section is not used: it may be cut. */
static int take_setting(void *user, const char *section, const char *key, const char *value)
{
    ini_state *state = user;
    (void)section;
    if (state->status != ZCACHE_OK)
        return 0;
    state->status =
        state->indented ? continue_setting(state, value) : add_setting(state, key, value);
    return state->status == ZCACHE_OK;
}

zcache_status zc_ini_parse(zc_settings *settings, const char *name, const char *data, size_t size)
{
    static const char byte_order_mark[] = "\xef\xbb\xbf";
    if (size >= 3 && memcmp(data, byte_order_mark, 3) == 0) {
        data += 3;
        size -= 3;
    }
    ini_state state = {
        .settings = settings, .name = name, .at = data, .end = data + size, .status = ZCACHE_OK};
    int bad_line = ini_parse_stream(read_line, &state, take_setting, &state);
    if (state.status == ZCACHE_OK && bad_line != 0) {
        state.line = (unsigned)bad_line;
        refuse(&state, "expected \"key = value\", \"[section]\" or a comment");
    }
    zc_free(state.section);
    return state.status;
}

/* Reads a whole file into *data, which the caller wipes and frees. */
static zcache_status read_file(int file, const char *path, char **data, size_t *size)
{
    size_t capacity = 0;
    for (;;) {
        if (*size == capacity) {
            capacity = capacity == 0 ? 4096 : 2 * capacity;
            char *grown = zc_realloc(*data, capacity);
            if (grown == NULL)
                return zc_error_nomem();
            *data = grown;
        }
        ssize_t got = read(file, *data + *size, capacity - *size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return zc_error(ZCACHE_E_CONFIG, "%s: cannot be read: %s", path, strerror(errno));
        if (got == 0)
            return ZCACHE_OK;
        *size += (size_t)got;
        if (*size > ZC_INI_FILE_MAX)
            return zc_error(ZCACHE_E_CONFIG, "%s: larger than %zu bytes: not a configuration", path,
                            ZC_INI_FILE_MAX);
    }
}

zcache_status zc_ini_read(zc_settings *settings, const char *path, const char *name)
{
    char *data = NULL;
    size_t size = 0;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return zc_error(ZCACHE_E_CONFIG, "%s: cannot be opened: %s", name, strerror(errno));
    zcache_status status = read_file(file, name, &data, &size);
    close(file);
    if (status == ZCACHE_OK)
        status = zc_ini_parse(settings, name, data, size);
    if (data != NULL)
        explicit_bzero(data, size);
    zc_free(data);
    return status;
}
