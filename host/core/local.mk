# SPDX-License-Identifier: BSD-3-Clause

host_libhost_la_SOURCES += \
	host/core/admin.c host/core/admin.h \
	host/core/batch.c \
	host/core/cache.c host/core/cache.h \
	host/core/configure.c host/core/configure.h \
	host/core/counters.c host/core/counters.h \
	host/core/futex.h \
	host/core/generation.c host/core/generation.h \
	host/core/generations.c \
	host/core/glob.c host/core/glob.h \
	host/core/harness.c \
	host/core/instance.c host/core/instance.h \
	host/core/key.c host/core/key.h \
	host/core/lease.c \
	host/core/operation.c host/core/operation.h \
	host/core/options.c \
	host/core/pin.c host/core/pin.h \
	host/core/process.c \
	host/core/reads.c \
	host/core/retire.c host/core/retire.h \
	host/core/scan.c \
	host/core/serialize.c host/core/serialize.h \
	host/core/stats.c \
	host/core/task.c host/core/task.h \
	host/core/writes.c
