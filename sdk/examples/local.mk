# SPDX-License-Identifier: BSD-3-Clause
# Programs that show how it is done; the tests build and run them.
