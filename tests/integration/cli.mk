# SPDX-License-Identifier: BSD-3-Clause
# The zcache command end to end.

CLI_TESTS = \
	%D%/cli-commands-test.sh \
	%D%/cli-completion-test.sh \
	%D%/cli-config-test.sh \
	%D%/cli-ctl-test.sh \
	%D%/cli-shell-test.sh \
	%D%/cli-usage-test.sh
EXTRA_DIST += $(CLI_TESTS) %D%/cli.sh
if PLUGIN_REDIS
if PLUGIN_MEMCACHED
TESTS += $(CLI_TESTS)
endif
endif
