#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) The zcache authors
#
# The benchmark of codecs runs, and all libraries that it compares read each other's values. How
# fast they are is `make bench`'s matter.
# shellcheck source=tests/support/tap.sh
. "$ZCACHE_TEST_SOURCE/tests/support/tap.sh"

check 'all libraries read the same values' "$ZCACHE_TEST_BUILD/tests/bench/codec" 1 1
done_testing
