# SPDX-License-Identifier: BSD-3-Clause

host_libhost_la_SOURCES += \
	host/reload/reload.c host/reload/reload.h \
	host/reload/renew.c host/reload/renew.h \
	host/reload/set.c host/reload/set.h \
	host/reload/trail.c host/reload/trail.h \
	host/reload/watch.c host/reload/watch.h
