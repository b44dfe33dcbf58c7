#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# shellcheck disable=SC2086 # ZCACHE_TEST_RUNNER is a command with arguments, as valgrind, or nothing
exec ${ZCACHE_TEST_RUNNER-} "$ZCACHE_TEST_BUILD/tests/conform/conform" lmdb "$@"
