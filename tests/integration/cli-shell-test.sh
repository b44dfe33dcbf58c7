#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) The zcache authors
#
# zcache shell: scripts from a pipe, with swaps between real servers, and a person at a terminal,
# which script(1) plays.
# shellcheck source=tests/integration/cli.sh
# shellcheck disable=SC1003,SC2016 # quoting is what many tests are about; eval expands
. "$ZCACHE_TEST_SOURCE/tests/integration/cli.sh"

start_redis
start_memcached
ZCACHE_REDIS_URL=unix:$redis_socket ZCACHE_MEMCACHED_SERVERS=$memcached_socket
export ZCACHE_REDIS_URL ZCACHE_MEMCACHED_SERVERS

# shell TEXT...: runs the lines; OPTIONS stand before the command.
shell() {
    # shellcheck disable=SC2086 # a list of options
    lines "$@" | zcache $OPTIONS shell
}
OPTIONS=

# ---- scripts ----

expect_like 'a value on each side of two swaps' 0 'OK
swapped memory -> redis in *.* ms (*); the old provider is closed and unloaded
OK
2
swapped redis -> memory in *.* ms (*); the old provider is closed and unloaded
(miss)' '' shell 'set a 1' 'swap redis' 'set a 2' 'get a' 'swap memory' 'get a'
expect_like 'all three providers in one run' 0 'swapped memory -> redis *
2
swapped redis -> memcached *
(miss)
OK
swapped memcached -> redis *
2' '' shell 'swap redis' 'get a' 'swap memcached' 'get a' 'set a 3' 'swap redis' 'get a'
expect_like 'swap --json' 0 '{"from": "memory", "to": "redis", "generation": 2, "load_ns": *, "unmapped": true}' \
    '' shell 'swap redis --json'
expect_like 'a swap that fails leaves the old provider' 4 'OK
1' 'zcache: line 2: *nosuch*' shell 'set a 1' 'swap nosuch' 'get a'
expect_like 'a swap to a server that is down leaves it too' 3 'OK
1' 'zcache: *line 2: *redis*' shell 'set a 1' "swap redis -s redis.url=unix:$dir/none" 'get a'
expect_like 'a swap with settings' 0 'swapped memory -> redis *
[[]redis[]] database * = 3 *# *' '' eval \
    'shell "swap redis -s redis.database=3" "config show" | grep -E "^swapped|database"'
printf '[cache]\nprovider = redis\n[redis]\nurl = unix:%s\ndatabase = 5\n' "$redis_socket" >"$dir/five.ini"
expect_like 'a swap to what a file says' 0 'swapped memory -> redis *
(miss)' '' shell "swap -c $dir/five.ini" 'get a'
expect 'swap without anything' 2 '' 'zcache: line 1: swap needs a PROVIDER or -c FILE' shell swap

expect 'comments and empty lines' 0 1 '' shell '# first' '' '   ' 'incr n # of them'
expect 'a last line without a newline' 0 1 '' eval 'printf "incr n" | zcache shell'
expect 'lines that end with CR LF' 0 "$(lines OK 1)" '' \
    eval 'printf "set a 1\r\nget a\r\n" | zcache shell'

cat >"$dir/quoted" <<'SCRIPT'
set a "a\"b \$x \y \`z\`"
get a
set 'b c' 'it'\''s'" so"
get b\ c
set d x#y
get d
set e ''
get e
SCRIPT
expect 'words are quoted as in a shell' 0 "$(lines OK 'a"b $x \y `z`' OK "it's so" OK 'x#y' OK '')" '' \
    zcache shell <"$dir/quoted"
cat >"$dir/bytes" <<'SCRIPT'
set $'k\x00' $'a\x00\n\xff\\\'\e\x7'
get $'k\x00'
SCRIPT
expect 'any bytes can be written' 0 4f4b0a61000aff5c271b070a '' \
    eval 'zcache shell <"$dir/bytes" | od -An -tx1 | tr -d " \n"'
cat >"$dir/wrong" <<'SCRIPT'
get 'a
get "a
get a\
get $'\q'
get $'\xg'
incr n
SCRIPT
expect 'quoting that is wrong' 2 1 "zcache: line 1: a ' is not closed
zcache: line 2: a \" is not closed
zcache: line 3: a backslash ends the line
zcache: line 4: in \$'...' a backslash stands before *
zcache: line 5: in \$'...' hexadecimal digits must follow ?x" zcache shell <"$dir/wrong"
expect 'the shell goes on after errors, and tells the worst' 4 "$(lines OK 1)" "zcache: line 2: *
zcache: line 3: *nosuch*
zcache: line 4: unknown command \"gte\"; did you mean \"get\"[?]" \
    shell 'set a 1' 'incr a x' 'swap nosuch' 'gte a' 'get a'
expect 'a miss is no failure' 0 "$(lines '(miss)' '(miss)' no)" '' shell 'get a' 'del a' 'exists a'
expect 'exit ends it' 0 1 '' shell 'incr n' exit 'incr n'
expect 'quit too' 0 1 '' shell 'incr n' quit 'incr n'
expect 'a failure before exit counts' 2 '' 'zcache: line 1: *' shell 'gte a' exit
OPTIONS='-t users'
expect '-t of the shell' 0 "$(lines OK a 'cleared users:* of memory')" '' shell 'set a 1' keys clear
OPTIONS=
expect 'table' 0 "$(lines OK OK a 2 a users:a 1)" '' \
    shell 'set a 1' 'table users' 'set a 2' keys 'get a' table keys 'get a'
expect '-t of a line' 0 "$(lines OK 2 '(miss)')" '' \
    shell 'set -t users a 2' 'get a -t users' 'get a'
expect 'options of the program have no place in a line' 2 '' \
    'zcache: line 1: --provider belongs on the command line of zcache; here there is "swap"' \
    shell 'get a -p redis'
expect 'no shell in the shell' 2 '' 'zcache: line 1: "shell" is not a command of the shell' \
    shell shell
expect 'a value does not come from the script' 2 '' 'zcache: line 1: in the shell a value must follow*' \
    shell 'set a'
expect_like 'help in the shell' 0 '*swap \[PROVIDER\] *' '' shell help
expect_like 'help of a command in the shell' 0 'usage: set KEY *' '' shell 'help set'
OPTIONS=--json
expect 'shell --json' 0 "$(lines '{"key": "a", "status": "OK"}' '{"key": "a", "status": "OK", "value": "1"}')" \
    '' shell 'set a 1' 'get a'
OPTIONS=
expect 'the prompt is not for scripts' 0 1 '' shell 'incr n'

# ---- a person ----

# libedit never frees the name and help of a function that is added to it (EL_ADDFN)
echo leak:wcsdup >"$dir/suppressed"
LSAN_OPTIONS=suppressions=$dir/suppressed:print_suppressions=0
export LSAN_OPTIONS

mkfifo "$dir/keys"
: >"$dir/screen"

# sees TEXT: waits until the screen shows it; at most 20 s.
sees() {
    tries=0
    until tr -d '\r' <"$dir/screen" | grep -qF -- "$1"; do
        tries=$((tries + 1))
        if [ "$tries" -gt 200 ]; then
            cat -v "$dir/screen"
            return 1
        fi
        sleep 0.1
    done
}

# types TEXT SEEN: types, and waits for what the screen then shows.
types() {
    printf "%b" "$1" >&3
    sees "$2"
}

script -qefc "'$command_file' shell" "$dir/screen" <"$dir/keys" >/dev/null 2>&1 &
script_pid=$!
server_pids="$server_pids $script_pid"
exec 3>"$dir/keys"
check 'a person is greeted' sees 'zcache '"$(zcache version | cut -d' ' -f2)"' on memory'
check 'and prompted' sees 'zcache memory> '
check 'a line runs' types 'set greeting hello\r' OK
check 'a value is shown' types 'get greeting\r' hello
check 'Ctrl-C abandons a line' types 'garbage\0003' 'zcache memory> '
check 'and the shell goes on' types 'incr after\r' '
1'
check 'a tab completes a command' types 'vers\t\r' 'plugin ABI'
check 'a tab lists candidates' types 'con\t\t\t' 'check  show'
check 'and Ctrl-U clears the line' types '\0025incr third 333\r' '
333'
check 'history has the lines before' types '\0033[A\r' '
666'
check 'an error goes on' types 'gte a\r' 'did you mean "get"?'
check 'advice is of the shell' sees 'zcache: try: help'
check 'what a terminal would obey is shown' types "set evil \$'\\\\x1b[2J'\\rget evil\\r" '\x1B[2J'
check 'the prompt follows a swap' types 'swap redis\r' 'zcache redis> '
check 'and a table' types 'table users\r' 'zcache redis/users> '
printf '\004' >&3
exec 3>&-
check 'Ctrl-D leaves' wait "$script_pid"

done_testing
