# SPDX-License-Identifier: BSD-3-Clause
# The zcache command: one file a command, on sdk/ headers alone.
