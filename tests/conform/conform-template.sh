#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# shellcheck disable=SC2086 # ZCACHE_TEST_RUNNER is a command with arguments, as valgrind, or nothing
ZCACHE_TEST_PLUGINS=$ZCACHE_TEST_BUILD/tests/conform/.libs
export ZCACHE_TEST_PLUGINS
exec ${ZCACHE_TEST_RUNNER-} "$ZCACHE_TEST_BUILD/tests/conform/conform" my-store "$@"
