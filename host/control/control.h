/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The control socket of a cache: what `zcache ctl` talks to. One thread of the library's own, with
 * all signals blocked, serves a bounded number of clients and never waits for any of them; a swap
 * runs in a second thread, so that its progress can be asked meanwhile. <zcache/admin.h> has the
 * protocol.
 */
#ifndef ZC_CONTROL_CONTROL_H
#define ZC_CONTROL_CONTROL_H

#include "core/cache.h"

/* Opens the socket that the configuration of `cache`, just opened, names, and starts its thread.
 * ZCACHE_OK with nothing done: it names none. Errors: ZCACHE_E_CONFIG. */
zcache_status zc_control_open(zc_cache *cache, const zc_config *config);

/* For a close: from now on no command is begun, and a swap that one has begun is aborted. Waits for
 * those under way; false: some are at the deadline. Clients stay connected. */
bool zc_control_pause(zc_cache *cache, int64_t deadline_ns);
void zc_control_resume(zc_cache *cache);

/* Ends the threads, removes the socket. Paused; no lock is held. */
void zc_control_stop(zc_cache *cache);

/* Round a fork, so that the child knows all that is open. The child has no threads of ours: it
 * closes what it inherited, and the socket stays the parent's. */
void zc_control_fork(zc_cache *cache, zcache_fork_phase phase);

#endif
