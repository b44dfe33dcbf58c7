/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * What the files of `zcache ctl` share: finding the sockets (ctl-find.c), one request and its reply
 * (ctl-ask.c), and the lines of a reply (ctl-line.c). <zcache/admin.h> has the protocol.
 */
#ifndef CLI_CTL_H
#define CLI_CTL_H

#include "cli.h"

#define CTL_FIELDS_MAX 32

typedef enum ctl_kind { CTL_NULL, CTL_TEXT, CTL_NUMBER, CTL_BOOL } ctl_kind;

typedef struct ctl_field {
    const char *name;
    ctl_kind kind;
    const char *text;
    int64_t number;
} ctl_field;

/* One line of a reply. */
typedef struct ctl_line {
    size_t count;
    ctl_field fields[CTL_FIELDS_MAX];
} ctl_line;

/* Takes a line apart, in place. False: it is not a flat JSON object. */
bool ctl_line_parse(char *text, ctl_line *line);

/* What is not there is "" and 0. */
const char *ctl_text(const ctl_line *line, const char *name);
int64_t ctl_number(const ctl_line *line, const char *name);
bool ctl_is(const ctl_line *line, const char *type);

/* Writes every field but the type as members of the JSON object that is open. */
void ctl_json_members(cli_program *cli, const ctl_line *line);

/* The sockets to address; each path is owned, and so is the array. */
typedef struct ctl_sockets {
    char **paths;
    size_t count;
} ctl_sockets;

/* --socket, else those of the configuration that answer: one, or with --all any number. Errors are
 * reported. */
cli_exit ctl_find(cli_program *cli, const cli_arguments *arguments, ctl_sockets *found);
void ctl_sockets_free(ctl_sockets *found);

/* Connects; -1, with errno. */
int ctl_connect(const char *path);

/* What a request came to. */
typedef struct ctl_outcome {
    zcache_status status;
    char message[1024]; /* for an error */
} ctl_outcome;

/* Sends one request, without its newline, and hands each line of the reply but the last to `each`.
 * Not patient: gives up when nothing comes for 10 s. */
typedef void ctl_line_fn(void *user, const ctl_line *line);
ctl_outcome ctl_ask(const char *path, const char *request, bool patient, ctl_line_fn *each,
                    void *user);

/* "850ms", "12s", "3m20s", "5h03m", "2d04h". */
void ctl_format_age(int64_t ms, char text[32]);

#endif
