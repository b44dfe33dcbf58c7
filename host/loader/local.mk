# SPDX-License-Identifier: BSD-3-Clause

host_libhost_la_SOURCES += \
	host/loader/module.h \
	host/loader/services.c host/loader/services.h
