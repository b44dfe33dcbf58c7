# SPDX-License-Identifier: BSD-3-Clause
# What compiles and what must not, by every compiler that is there.

TESTS += %D%/headers-test.sh %D%/compile-fail-test.sh
EXTRA_DIST += %D%/headers-test.sh %D%/compile-fail-test.sh %D%/every-field.c %D%/options-in-place.c
EXTRA_DIST += %D%/wrong/shop.h \
	%D%/wrong/another-enum.c \
	%D%/wrong/array-for-pointer.c \
	%D%/wrong/bare-number-as-ttl.cpp \
	%D%/wrong/bytes-size-of-another-type.c \
	%D%/wrong/cache-is-not-copied.cpp \
	%D%/wrong/chars-for-string.c \
	%D%/wrong/count-of-another-type.c \
	%D%/wrong/element-of-another-struct.c \
	%D%/wrong/element-of-another-type.c \
	%D%/wrong/float-for-double.c \
	%D%/wrong/free-const.c \
	%D%/wrong/free-wrong-struct.c \
	%D%/wrong/get-into-const.c \
	%D%/wrong/get-multi-wrong-struct.c \
	%D%/wrong/get-wrong-struct.c \
	%D%/wrong/integer-for-struct.c \
	%D%/wrong/integer-of-another-sign.c \
	%D%/wrong/integer-of-another-width.c \
	%D%/wrong/nested-not-described.c \
	%D%/wrong/nested-of-another-struct.c \
	%D%/wrong/not-described.c \
	%D%/wrong/number-for-text.c \
	%D%/wrong/other-table.c \
	%D%/wrong/plain-struct.cpp \
	%D%/wrong/pointer-for-array.c \
	%D%/wrong/pointer-for-nested.c \
	%D%/wrong/set-wrong-struct.c \
	%D%/wrong/string-for-chars.c \
	%D%/wrong/table-not-described.cpp \
	%D%/wrong/table-set-multi-wrong-struct.cpp \
	%D%/wrong/table-set-wrong-struct.cpp \
	%D%/wrong/text-for-number.c \
	%D%/wrong/unknown-field.c \
	%D%/wrong/value-is-const.cpp \
	%D%/wrong/value-is-not-copied.cpp \
	%D%/wrong/value-outlives-its-reader.cpp
