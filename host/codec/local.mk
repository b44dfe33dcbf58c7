# SPDX-License-Identifier: BSD-3-Clause

host_libhost_la_SOURCES += \
	host/codec/codec.h \
	host/codec/plan.c host/codec/plan.h
