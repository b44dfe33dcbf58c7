#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# shellcheck source=tests/conform/kit.sh
. "$ZCACHE_TEST_SOURCE/tests/conform/kit.sh"
run_kit memory --embedded
