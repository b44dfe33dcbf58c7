/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The template of plugin projects, sdk/template: a provider that is called my-store, and all that
 * belongs to it. Its files are rendered for another plugin by putting its name wherever my-store
 * stands, so that the template itself can be read, compiled and tested.
 */
#ifndef CLI_TEMPLATE_H
#define CLI_TEMPLATE_H

#include "cli.h"

/* What a plugin is called: in files and INI sections, in C, in C macros. */
typedef struct cli_plugin_name {
    char name[ZCACHE_NAME_SIZE];       /* my-store */
    char identifier[ZCACHE_NAME_SIZE]; /* my_store */
    char constant[ZCACHE_NAME_SIZE];   /* MY_STORE */
} cli_plugin_name;

/* Fills it; false: no name of a plugin. */
bool cli_plugin_name_make(const char *name, cli_plugin_name *plugin);

/* One file of the project, in memory. */
typedef struct cli_rendered {
    char file[ZCACHE_NAME_SIZE + 16]; /* its name */
    char *text;                       /* owned */
    size_t size;
} cli_rendered;

#define CLI_TEMPLATE_FILES 6

/* Renders the whole template. Errors are reported, and leave nothing to free. */
cli_exit cli_template_render(cli_program *cli, const cli_plugin_name *plugin,
                             cli_rendered files[CLI_TEMPLATE_FILES]);
void cli_template_free(cli_rendered files[CLI_TEMPLATE_FILES]);

#endif
