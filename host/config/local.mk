# SPDX-License-Identifier: BSD-3-Clause

host_libhost_la_SOURCES += \
	host/config/config.h host/config/config.c \
	host/config/difference.c host/config/difference.h \
	host/config/environment.c host/config/environment.h \
	host/config/ini.c host/config/ini.h \
	host/config/options.c host/config/options.h \
	host/config/schema.c host/config/schema.h \
	host/config/sections.c host/config/sections.h \
	host/config/settings.c host/config/settings.h \
	host/config/source.c host/config/source.h \
	host/config/suggest.c host/config/suggest.h \
	host/config/tables.c host/config/tables.h \
	host/config/values.c host/config/values.h
