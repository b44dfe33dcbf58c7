# SPDX-License-Identifier: BSD-3-Clause
# The zcache command: one file a command, on sdk/ headers alone.

bin_PROGRAMS += %D%/zcache
%C%_zcache_SOURCES = \
	%D%/answer.c \
	%D%/arguments.c \
	%D%/cli.h \
	%D%/commands.c \
	%D%/complete.c \
	%D%/config.c \
	%D%/ctl.c \
	%D%/ctl.h \
	%D%/ctl-ask.c \
	%D%/ctl-find.c \
	%D%/ctl-line.c \
	%D%/ctl-swap.c \
	%D%/del.c \
	%D%/editor.c \
	%D%/exists.c \
	%D%/get.c \
	%D%/help.c \
	%D%/incr.c \
	%D%/input.c \
	%D%/json.c \
	%D%/keys.c \
	%D%/main.c \
	%D%/message.c \
	%D%/output.c \
	%D%/ping.c \
	%D%/plugin.c \
	%D%/plugin-new.c \
	%D%/plugin-check.c \
	%D%/run.c \
	%D%/session.c \
	%D%/set.c \
	%D%/shell.c \
	%D%/stats.c \
	%D%/swap.c \
	%D%/table.c \
	%D%/template.c \
	%D%/template.h \
	%D%/text.c \
	%D%/ttl.c \
	%D%/version.c \
	%D%/words.c
%C%_zcache_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/sdk $(LIBEDIT_CFLAGS) \
	-DZC_BINDIR='"$(bindir)"' -DZC_TEMPLATEDIR='"$(templatedir)"'
%C%_zcache_LDADD = sdk/libconform.la host/libzcache.la $(LIBEDIT_LIBS)

if SANITIZER
# `zcache plugin check` forks: that file tells what is wrong with it then.
%C%_zcache_SOURCES += tests/support/fork-safe-malloc.c
%C%_zcache_CPPFLAGS += -I$(top_srcdir)/tests/support
endif

# bash-completion looks for a file that is named like the command
bashcompletion_DATA = %D%/completion/zcache
EXTRA_DIST += %D%/zcache.bash
CLEANFILES += %D%/completion/zcache
%D%/completion/zcache: %D%/zcache.bash
	$(AM_V_GEN)$(MKDIR_P) %D%/completion && cp -f '$(top_srcdir)/%D%/zcache.bash' $@
