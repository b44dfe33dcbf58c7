# SPDX-License-Identifier: BSD-3-Clause

host_libhost_la_SOURCES += \
	host/swap/swap.c
