#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# shellcheck source=tests/conform/kit.sh
. "$ZCACHE_TEST_SOURCE/tests/conform/kit.sh"
start_redis
run_kit redis "url=unix:$redis_socket" connect_timeout=20s \
    --stop-backend "kill -STOP $redis_pid" --resume-backend "kill -CONT $redis_pid"
