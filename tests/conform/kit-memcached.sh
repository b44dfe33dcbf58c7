#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# shellcheck source=tests/conform/kit.sh
. "$ZCACHE_TEST_SOURCE/tests/conform/kit.sh"
start_memcached
run_kit memcached "servers=$memcached_socket" connect_timeout=20s \
    --stop-backend "kill -STOP $memcached_pid" --resume-backend "kill -CONT $memcached_pid"
