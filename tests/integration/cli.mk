# SPDX-License-Identifier: BSD-3-Clause
# The zcache command end to end.

CLI_TESTS = \
	%D%/cli-commands-test.sh \
	%D%/cli-completion-test.sh \
	%D%/cli-config-test.sh \
	%D%/cli-ctl-test.sh \
	%D%/cli-plugin-check-test.sh \
	%D%/cli-shell-test.sh \
	%D%/cli-usage-test.sh \
	%D%/plugin-new-test.sh
EXTRA_DIST += $(CLI_TESTS) %D%/cli.sh
if PLUGIN_REDIS
if PLUGIN_MEMCACHED
if PLUGIN_FAULT
if PLUGIN_STATS
TESTS += $(CLI_TESTS)
endif
endif
endif
endif
