# SPDX-License-Identifier: BSD-3-Clause
# The conformance kit, which `zcache plugin check` runs: on sdk/ headers alone. One group of checks a
# file; check.h lists them.

noinst_LTLIBRARIES += sdk/libconform.la
sdk_libconform_la_SOURCES = \
	%D%/allocator.c \
	%D%/allocator.h \
	%D%/backend.c \
	%D%/batch.c \
	%D%/below.c \
	%D%/check.h \
	%D%/codec.c \
	%D%/codec-memory.c \
	%D%/configure.c \
	%D%/conform.h \
	%D%/counter.c \
	%D%/fork.c \
	%D%/guard.c \
	%D%/host.c \
	%D%/key.c \
	%D%/leak.c \
	%D%/life.c \
	%D%/load.c \
	%D%/memory.c \
	%D%/mode.c \
	%D%/native.c \
	%D%/op.c \
	%D%/op.h \
	%D%/operations.c \
	%D%/process.c \
	%D%/process.h \
	%D%/run.c \
	%D%/scan.c \
	%D%/store.c \
	%D%/swap.c \
	%D%/thread.c \
	%D%/ttl.c \
	%D%/usage.c \
	%D%/usage.h \
	%D%/value.c \
	%D%/words.c
