# SPDX-License-Identifier: BSD-3-Clause

host_libhost_la_SOURCES += \
	host/table/open.c \
	host/table/operations.c \
	host/table/typed.h \
	host/table/value.c
