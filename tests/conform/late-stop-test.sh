#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) The zcache authors
#
# A server may still answer for a while after the command that stops it has come back: a signal does
# not reach all of its threads at once. That is no fault of the provider.
# shellcheck source=tests/support/tap.sh
. "$ZCACHE_TEST_SOURCE/tests/support/tap.sh"
start_redis
check 'a server that stops later than the command ends' \
    zcache plugin check redis "url=unix:$redis_socket" --only backend-silent \
    --stop-backend "(sleep 0.5; kill -STOP $redis_pid) &" --resume-backend "kill -CONT $redis_pid"
done_testing
