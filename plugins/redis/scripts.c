/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright (c) The zcache authors
 *
 * The scripts. They use pcall where a command can fail, and return its error as it is: the error of
 * a call would be wrapped in text that differs between versions.
 */
#include "scripts.h"

#include <stddef.h>

const redis_script redis_script_read = {
    .source = "local function token(value)\n"
              "  local digits = string.sub(redis.sha1hex(value), 1, 16)\n"
              "  return digits ~= '0000000000000000' and digits or '0000000000000001'\n"
              "end\n"
              "local value = redis.pcall('GET', KEYS[1])\n"
              "if type(value) ~= 'string' then return value end\n"
              "return {redis.call('PTTL', KEYS[1]), token(value), value}\n",
    .sha1 = "003455f06129dc3c32168010e4e9b57217306aea",
};

const redis_script redis_script_cas = {
    .source = "local function token(value)\n"
              "  local digits = string.sub(redis.sha1hex(value), 1, 16)\n"
              "  return digits ~= '0000000000000000' and digits or '0000000000000001'\n"
              "end\n"
              "local value = redis.pcall('GET', KEYS[1])\n"
              "if not value then return 0 end\n"
              "if type(value) ~= 'string' then return value end\n"
              "if token(value) ~= ARGV[1] then return -1 end\n"
              "local reply\n"
              "if ARGV[3] == '-1' then\n"
              "  reply = redis.pcall('SET', KEYS[1], ARGV[2])\n"
              "else\n"
              "  reply = redis.pcall('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])\n"
              "end\n"
              "if reply.err then return reply end\n"
              "return 1\n",
    .sha1 = "118852cde4e6fc6263002a3c1d07a0d0b1b5b94b",
};

const redis_script redis_script_incr = {
    .source = "local reply\n"
              "if redis.call('EXISTS', KEYS[1]) == 1 then\n"
              "  reply = redis.pcall('INCRBY', KEYS[1], ARGV[1])\n"
              "else\n"
              "  reply = redis.pcall('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])\n"
              "end\n"
              "if type(reply) == 'table' and reply.err then return reply end\n"
              "return redis.call('GET', KEYS[1])\n",
    .sha1 = "6861e1143237929653ea600be7079179c8a8c946",
};

const redis_script redis_script_persist = {
    .source = "if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end\n"
              "redis.call('PERSIST', KEYS[1])\n"
              "return 1\n",
    .sha1 = "e73c714a4c111cb31e4df2f530200941dd7a4312",
};
