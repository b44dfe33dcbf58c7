# SPDX-License-Identifier: BSD-3-Clause

host_libhost_la_SOURCES += \
	host/swap/copy.c host/swap/copy.h \
	host/swap/dual.c host/swap/dual.h \
	host/swap/dual-operations.c host/swap/dual-state.h \
	host/swap/move.c host/swap/move.h \
	host/swap/opening.c host/swap/opening.h \
	host/swap/side.c host/swap/side.h \
	host/swap/swap.c host/swap/swap.h
