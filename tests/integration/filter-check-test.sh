#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) The zcache authors
#
# The filters pass on whatever they do not handle: above the memory provider they keep every rule of
# the conformance kit.
# shellcheck source=tests/integration/cli.sh
. "$ZCACHE_TEST_SOURCE/tests/integration/cli.sh"

expect_like 'fault keeps the rules' 0 '*# fault: * passed, 0 failed, *' '' zcache plugin check fault
expect_like 'stats keeps the rules' 0 '*# stats: * passed, 0 failed, *' '' zcache plugin check stats
done_testing
