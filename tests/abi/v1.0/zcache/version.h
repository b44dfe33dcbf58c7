/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The version that this program is compiled against; zcache_version() tells the one it runs on.
 */
#ifndef ZCACHE_VERSION_H
#define ZCACHE_VERSION_H

#define ZCACHE_VERSION "1.0.0"
#define ZCACHE_VERSION_MAJOR 1
#define ZCACHE_VERSION_MINOR 0
#define ZCACHE_VERSION_PATCH 0

#endif /* ZCACHE_VERSION_H */
