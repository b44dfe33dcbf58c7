# SPDX-License-Identifier: BSD-3-Clause

host_libhost_la_SOURCES += \
	host/codec/codec.h \
	host/codec/json-decode.c host/codec/json-encode.c \
	host/codec/json-lex.h \
	host/codec/json-number.c host/codec/json-number.h \
	host/codec/json-scan.c host/codec/json-scan.h \
	host/codec/plan.c host/codec/plan.h \
	host/codec/base64.c host/codec/base64.h \
	host/codec/utf8.c host/codec/utf8.h \
	host/codec/field.c host/codec/field.h host/codec/text.h \
	host/codec/msgpack-decode.c host/codec/msgpack-encode.c host/codec/msgpack.h \
	host/codec/msgpack-quick.c host/codec/msgpack-quick.h \
	host/codec/msgpack-read.c host/codec/msgpack-read.h host/codec/msgpack-write.h \
	host/codec/custom.c host/codec/custom.h \
	host/codec/plain.c host/codec/values.c \
	host/codec/tokens-decode.c host/codec/tokens-encode.c \
	host/codec/registry.c host/codec/registry.h
