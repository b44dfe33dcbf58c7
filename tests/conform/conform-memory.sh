#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
exec "$ZCACHE_TEST_BUILD/tests/conform/conform" memory "$@"
