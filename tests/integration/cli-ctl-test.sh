#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) The zcache authors
#
# zcache ctl, with `zcache shell` as the process that is controlled: every command, how the process
# is found, a copy to a real server.
# shellcheck source=tests/integration/cli.sh
. "$ZCACHE_TEST_SOURCE/tests/integration/cli.sh"

start_redis
ini=$dir/zcache.ini
cat >"$ini" <<INI
[cache]
provider = memory
key_prefix = ctl:
filters = stats, fault

[control]
socket = $dir/%p.sock

[redis]
url = unix:$redis_socket
INI
ZCACHE_CONF=$ini
export ZCACHE_CONF

# start_process N: a shell that listens, and reads its commands from descriptor N.
start_process() {
    mkfifo "$dir/in$1"
    "$command_file" -s "control.socket=$dir/%p.sock" shell <"$dir/in$1" >"$dir/out$1" 2>&1 &
    process=$!
    server_pids="$server_pids $process"
    eval "exec $1>\"\$dir/in$1\""
    tries=0
    until [ -S "$dir/$process.sock" ] || [ $tries -eq 200 ]; do
        tries=$((tries + 1))
        sleep 0.05
    done
}

ctl() {
    zcache ctl "$@"
}

expect 'nobody listens' 3 '' "zcache: no process listens on $dir/%p.sock" ctl status
start_process 7
first=$dir/$process.sock

# ---- one process ----

expect_like 'status' 0 "process *$process *, up *, zcache *
provider *memory, generation 1
log level *warning
last asked *nothing" '' ctl status
expect_like 'status as JSON' 0 "{\"socket\": \"$first\", \"pid\": $process, *\"provider\": \"memory\", \
\"generation\": 1, \"swapping\": false, \"log_level\": \"warning\", \"swap\": {\"state\": \"none\"}, \
\"status\": \"OK\"}" '' ctl status --json
expect_like 'stats' 0 'cache_provider *memory*memory_items *' '' ctl stats
expect_like 'stats as JSON' 0 '{"socket": *, "stats": {"cache_provider": "memory", *}, "status": "OK"}' \
    '' ctl stats --json
expect_like 'config' 0 '\[cache\] provider *= memory*# */zcache.ini:2*' '' ctl config
expect_like 'config as JSON' 0 '{*"settings": \[{"section": "cache", "key": "provider", *}\], *}' '' \
    ctl config --json
expect_like 'generations' 0 'generation *provider *state *age *pins *leases
1 *memory *live *0 *0' '' ctl generations
expect_like 'generations as JSON' 0 '{*"generations": \[{"number": 1, "provider": "memory", *"holders": \[\]}\], *}' \
    '' ctl generations --json
expect 'a log level' 0 '' '' ctl log debug
expect_like 'the log level is set' 0 '*log level *debug*' '' ctl status
expect 'another log level' 0 '' '' ctl log error
expect 'a log level that there is not' 2 '' '*"loud" is no log level*' ctl log loud
expect 'nothing to abort' 1 'no swap is under way' '' ctl abort
expect_like 'a swap' 0 'swapped memory -> memory: generation 2 (*); the old provider is closed' '' \
    ctl swap memory --wait
expect 'a swap that fails' 4 '' "zcache: $first: the swap failed and memory goes on: *no plugin nope*" \
    ctl swap nope --wait
expect_like 'a failure as JSON' 4 '{"socket": *, "status": "E_PLUGIN", "message": "*"}' '*nope*' \
    ctl swap nope --wait --json
expect_like 'how the last swap went' 0 '*last asked *swap to nope, failed: *' '' ctl status
expect 'a name that is none' 2 '' '*is no name of a provider*' ctl swap 'a b'
expect 'verify without a copy' 2 '' '*need --mode copy*' ctl swap redis --verify
expect 'a mode that there is not' 2 '' '*"warm" is no mode*' ctl swap redis --mode warm

# ---- options ----

# said N TEXT: the process at descriptor N has written that.
said() {
    tries=0
    until grep -q "$2" "$dir/out$1" || [ $tries -eq 200 ]; do
        tries=$((tries + 1))
        sleep 0.05
    done
    grep -q "$2" "$dir/out$1"
}

expect 'options of a filter' 0 '' '' ctl set fault.error_rate=100% fault.error_operations=get \
    'fault.keys=*:bad *:worse'
expect_like 'where they come from' 0 '*\[fault\] keys *= \*:bad \*:worse *# control socket*
\[fault\] error_rate *= 100% *# control socket*\[fault\] delay *= 0ms *# default*' '' ctl config
echo 'get worse' >&7
check 'they hold' said 7 'this get was made to fail'
expect_like 'what came of it' 0 '*stats_(cache)_errors *1
*fault_errors *1
*' '' ctl stats
expect 'an option that there is not' 4 '' \
    "zcache: $first: control socket: \\[fault\\] eror_rate: no such key; did you mean \"error_rate\"\\?" \
    ctl set fault.seed=1 fault.eror_rate=0
expect 'a value that cannot be' 4 '' '*error_rate = "200%": must be 0 to 1, or 0% to 100%' \
    ctl set fault.error_rate=200%
expect 'a plugin that is not open' 4 '' '*\[fualt\]: no plugin of this name is open; did you mean \[fault\]\?' \
    ctl set fualt.error_rate=0
expect 'another section' 4 '' '*\[cache\]: only options of open plugins can be set*' \
    ctl set cache.timeout=2s
expect 'two sections' 4 '' '*only options of one plugin are set at once*' \
    ctl set fault.seed=1 stats.reset=1
expect 'no value' 2 '' '*"fault.seed": expected SECTION.KEY=VALUE*' ctl set fault.seed
expect_like 'as JSON' 0 '{"socket": "*", "status": "OK"}' '' ctl set stats.reset=1 --json
expect 'the file wins after a reload' 0 \
    'reloaded: [fault] keys, [fault] error_rate, [fault] error_operations, [stats] reset' '' ctl reload
expect_like 'and says so' 0 '*\[fault\] error_rate *= 0% *# default*' '' ctl config

# ---- a reload ----

expect 'a reload without a change' 0 'reloaded: nothing has changed' '' ctl reload
echo '[table.users]' >>"$ini"
echo 'ttl = 5m' >>"$ini"
expect 'a reload with another setting' 0 'reloaded: [table.users] ttl' '' ctl reload
expect_like 'a reload as JSON' 0 '{"socket": *, "reload": {"change": "nothing", "count": 0, "names": ""}, "status": "OK"}' \
    '' ctl reload --json
sed 's/^provider = memory/provider = redis/' "$ini" >"$dir/next" && mv "$dir/next" "$ini"
expect_like 'a reload with another provider' 0 'reloaded: [[]cache] provider*
swapped memory -> redis: generation *' '' ctl reload
sed 's/^provider = redis/provider = memory/' "$ini" >"$dir/next" && mv "$dir/next" "$ini"
expect_like 'and back' 0 'reloaded: *
swapped redis -> memory: *' '' ctl reload
echo 'colour = red' >>"$ini"
expect 'a reload of what is wrong' 4 '' "zcache: $first: *colour*no such key*" \
    ctl reload --socket "$first"
sed '/colour/d' "$ini" >"$dir/next" && mv "$dir/next" "$ini"

# ---- a copy ----

i=0
while [ $i -lt 300 ]; do
    echo "set key$i value$i"
    i=$((i + 1))
done >&7
tries=0
until ctl stats | grep -q '^memory_items *300$' || [ $tries -eq 200 ]; do
    tries=$((tries + 1))
    sleep 0.05
done
expect_like 'a copy tells its progress line by line' 0 'copying: * of 300 entries, */s*
verifying: * of * entries, */s*
swapped memory -> redis: generation *, 300 entries copied, 300 compared (*); *' '' \
    ctl swap redis --mode copy --rate 300 --verify --wait
expect 'all is on the server' 0 'value299' '' zcache -p redis get key299
expect_like 'status after it' 0 '*provider *redis*swap to redis, succeeded' '' ctl status
expect_like 'a copy as JSON' 0 '{"socket": *, "report": {"from": "redis", "to": "memory", *"copied": 300, *}, "status": "OK"}' \
    '' ctl swap memory --mode copy --wait --json
on_terminal() {
    script -qec "'$command_file' ctl swap redis --mode copy --rate 300 --wait" /dev/null </dev/null |
        tr '\r\033' '\n?'
}
expect_like 'a bar on a terminal' 0 '*copying [[]#*-] *% * entries, */s, * left?[[]K
*swapped memory -> redis: *' '' on_terminal
expect 'a swap that is not waited for' 0 'the swap has begun; zcache ctl status tells how it goes' '' \
    ctl swap memory --mode copy --rate 100
expect_like 'it is under way' 0 '*last asked *swap to memory, under way*' '' ctl status
expect 'another one meanwhile' 3 '' '*a swap or reload that the control socket was asked for is running' \
    ctl swap memory
expect 'abort' 0 'a copy under way gives up now' '' ctl abort

# ---- several processes ----

start_process 8
second=$dir/$process.sock
expect 'several processes: which?' 2 '' 'zcache: several processes listen: *--socket*.sock' ctl status
expect_like 'one of several' 0 "process *$process *" '' ctl --socket "$second" status
expect_like 'all of them' 0 "$dir/*.sock:
*process *$dir/*.sock:
*process *" '' ctl status --all
expect_like 'all of them as JSON' 0 "[[]{\"socket\": \"$dir/*.sock\", *}, {\"socket\": *}]" '' \
    ctl stats --all --json
expect '--all with a socket' 2 '' '*cannot be used together*' ctl status --all --socket "$first"
: >"$dir/notes.sock"
kill -9 "$process"
wait "$process" 2>/dev/null
check 'what a killed process leaves' test -S "$second"
expect_like 'is not asked' 0 "process *" '' ctl status
expect 'unless it is named' 3 '' "zcache: $second: cannot connect: Connection refused" \
    ctl status --socket "$second"
exec 8>&-
exec 7>&-
tries=0
while [ -S "$first" ] && [ $tries -lt 200 ]; do
    tries=$((tries + 1))
    sleep 0.05
done
expect 'a process that ends takes its socket away' 3 '' 'zcache: no process listens on *' ctl status
expect 'no socket is configured' 4 '' 'zcache: no control socket is configured: *' \
    zcache -s control.socket= ctl status
rm -f "$dir"/*.sock
zcache ping >"$dir/pong"
expect 'a client with the same configuration opens none' 1 '' '' sh -c "ls '$dir' | grep 'sock$' | grep -v redis"
done_testing
