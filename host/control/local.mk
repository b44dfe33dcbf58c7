# SPDX-License-Identifier: BSD-3-Clause

host_libhost_la_SOURCES += \
	host/control/commands.c \
	host/control/control.h \
	host/control/job.c \
	host/control/reply.c host/control/reply.h \
	host/control/server.c host/control/state.h \
	host/control/socket.c host/control/socket.h
