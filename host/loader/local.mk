# SPDX-License-Identifier: BSD-3-Clause

host_libhost_la_SOURCES += \
	host/loader/module.c host/loader/module.h host/loader/list.c \
	host/loader/search.c host/loader/search.h \
	host/loader/elf.c host/loader/elf.h \
	host/loader/object.c host/loader/object.h \
	host/loader/descriptor.c host/loader/descriptor.h \
	host/loader/services.c host/loader/services.h
