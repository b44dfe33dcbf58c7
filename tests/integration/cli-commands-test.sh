#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) The zcache authors
#
# Every command on keys, on each provider with a real server: in one shell, where all providers must
# give the same answers, and, where entries outlive the process, as one run of the program each.
# shellcheck source=tests/integration/cli.sh
# shellcheck disable=SC1003,SC2016 # quoting is what many tests are about; eval expands
. "$ZCACHE_TEST_SOURCE/tests/integration/cli.sh"

start_redis
start_memcached

# on COMMAND...: zcache on the provider under test, in a table of the test's own.
on() {
    zcache -p "$provider" -s "redis.url=unix:$redis_socket" \
        -s "memcached.servers=$memcached_socket" -t "$table" "$@"
}

# with INPUT COMMAND...: standard input is that text.
with() {
    input=$1
    shift
    printf '%s' "$input" | "$@"
}

# prints the bytes that no text has: NUL, bytes that are not UTF-8, newlines at the end
binary() {
    printf 'a\000\001\377\300\200\r\n\n'
}

conversation() {
    lines 'set a 1' 'get a' 'set a 2 --add' 'set b 2 --add' 'set c 3 --replace' \
        'set b 22 --replace' 'get b' 'get c' 'exists a c' 'exists a b' 'ttl a' 'ttl c' \
        'touch c --ttl 100s' 'touch a --ttl never' 'ttl a' \
        "set 'the key' \"its \\\"value\\\"\"" "get the\\ key" "set empty ''" 'get empty' \
        'mset x 1 y "two words"' 'mget x y z' 'keys' 'keys [xy]*' 'keys nothing*' \
        'del a' 'del a' 'del b x nothing' 'keys' 'clear' 'keys' 'get y'
}

answers='OK
1
(exists)
OK
(miss)
OK
22
(miss)
yes
no
yes
yes
never
(miss)
(miss)
OK
never
OK
its "value"
OK

OK
x	1
y	two words
z	\N
a
b
empty
the key
x
y
x
y
OK
(miss)
deleted 2 of 3
empty
the key
y
cleared TABLE:* of PROVIDER
(miss)'

counters() {
    lines 'incr n' 'incr n 41' 'incr n -50' 'get n' 'set word hello' 'incr word' \
        'set most 9223372036854775807' 'incr most' 'get most'
}

ttl_is_about() {
    ttl=$(on ttl "$1") && [ "$ttl" -gt "$2" ] && [ "$ttl" -le "$3" ]
}

for provider in memory redis memcached; do
    table=$provider-shell
    conversation >"$dir/conversation"
    expect "$provider: a conversation in the shell" 0 \
        "$(echo "$answers" | sed "s/TABLE/$table/; s/PROVIDER/$provider/")" '' \
        on shell <"$dir/conversation"
    counters >"$dir/counters"
    expect "$provider: counters" 3 "$(lines 1 42 -8 -8 OK OK 9223372036854775807)" \
        "zcache: line 6: *
zcache: line 8: *" on shell <"$dir/counters"
    expect_like "$provider: ping" 0 "$provider answered in *.* ms" '' on ping
    expect_like "$provider: stats" 0 "cache_provider * $provider
*cache_hits *0
*${provider}_*" '' on stats
    expect_like "$provider: stats --json" 0 "{\"cache_provider\": \"$provider\", *}" '' \
        on stats --json
done

for provider in redis memcached; do
    table=$provider-runs
    expect "$provider: get of a missing key" 1 '' '' on get a
    expect "$provider: set" 0 '' '' on set a 1
    expect "$provider: get adds nothing" 0 1. '' eval 'on get a && echo .'
    expect "$provider: set --add of a key that is there" 1 '' '' on set --add a 2
    expect "$provider: set --add of a new key" 0 '' '' on set --add b 2
    expect "$provider: set --replace of a missing key" 1 '' '' on set --replace c 3
    expect "$provider: set --replace" 0 '' '' on set a 3 --replace
    expect "$provider: the value is replaced" 0 3 '' on get a
    expect "$provider: exists" 0 yes '' on exists a
    expect "$provider: exists of a missing key" 1 no '' on exists c
    expect "$provider: exists of several keys" 1 "$(lines yes no yes)" '' on exists a c b
    expect "$provider: ttl never" 0 never '' on ttl a
    expect "$provider: ttl of a missing key" 1 '' '' on ttl c
    expect "$provider: touch" 0 '' '' on touch a --ttl 1h
    check "$provider: the time counts from then" ttl_is_about a 3500000 3602000
    expect "$provider: touch of a missing key" 1 '' '' on touch --ttl 1h c
    expect "$provider: set --ttl" 0 '' '' on set --ttl 15m t 1
    check "$provider: it has that time" ttl_is_about t 800000 902000
    expect "$provider: set --ttl 1s" 0 '' '' on set short 1 --ttl 1s
    sleep 3
    expect "$provider: it expires" 1 '' '' on get short
    expect "$provider: incr" 0 1 '' on incr n
    expect "$provider: incr by a number" 0 42 '' on incr n 41
    expect "$provider: incr by a negative number" 0 -8 '' on incr n -50
    on set word hello
    expect "$provider: incr of a word" 3 '' 'zcache: *' on incr word
    expect "$provider: mset" 0 '' '' on mset x 1 y 'a	b\c'
    expect "$provider: mget, one line a key" 1 "$(lines 'x	1' 'y	a\x09b\\c' 'z	\N')" '' \
        on mget x y z
    expect "$provider: mget, all there" 0 "$(lines 'x	1' 'a	3')" '' on mget x a
    expect "$provider: keys are sorted" 0 "$(lines a b n t word x y)" '' on keys
    expect "$provider: keys by a pattern" 0 "$(lines x y)" '' on keys '[x-z]'
    expect "$provider: del" 0 '' '' on del x y
    expect "$provider: del of a missing key" 1 '' '' on del x a
    expect "$provider: the others are deleted" 1 '' '' on get a
    expect "$provider: keys are escaped" 0 "$(lines '\x01\\' 'é')" '' eval \
        'on clear >/dev/null; on mset "$(printf "\001\\\\")" 1 é 2; on keys'
    expect "$provider: clear empties the table" 0 "cleared $table:* of $provider" '' on clear
    expect "$provider: and leaves no key" 0 '' '' on keys

    binary >"$dir/binary"
    expect "$provider: a value from standard input" 0 '' '' on set bin <"$dir/binary"
    on get bin >"$dir/got"
    check "$provider: any bytes come back" cmp "$dir/binary" "$dir/got"
    expect "$provider: - is standard input" 0 '' '' with 'from a pipe' on set bin -
    expect "$provider: and is read" 0 'from a pipe' '' on get bin
    expect "$provider: an empty value" 0 '' '' with '' on set nothing
    expect "$provider: is not a miss" 0 '' '' on get nothing
    head -c 1000000 /dev/zero >"$dir/most"
    expect "$provider: the largest value" 0 '' '' on set large <"$dir/most"
    on get large >"$dir/got"
    check "$provider: comes back whole" cmp "$dir/most" "$dir/got"
    expect "$provider: a larger one is refused" 2 '' \
        'zcache: the value on standard input is larger than max_value_size (1000000 bytes)*' \
        eval 'echo 1 | cat "$dir/most" - | on set large'
    expect "$provider: an endless one too" 2 '' 'zcache: *larger than max_value_size (2048 bytes)*' \
        eval 'yes 2>/dev/null | on -s cache.max_value_size=2k set large'
    on get large >"$dir/got"
    check "$provider: the old value is kept" cmp "$dir/most" "$dir/got"
    expect "$provider: a value that looks like an option" 0 --ttl '' eval \
        'on set -- -k --ttl && on get -- -k'
    expect "$provider: an empty key" 2 '' 'zcache: *key*' on get ''
    expect "$provider: a long key" 2 '' 'zcache: *key*' on get "$(printf '%0300d' 0)"
    expect "$provider: an impossible table" 2 '' 'zcache: *table*' on -t 'a b' get a
    expect "$provider: another table has other keys" 1 '' '' on -t other get bin
done

# ---- JSON ----

provider=redis table=json
on mset a 1 'é"\' 'x
y' >/dev/null
on set bin <"$dir/binary"
expect 'json: get' 0 '{"key": "a", "status": "OK", "value": "1"}' '' on --json get a
expect 'json: a miss' 1 '{"key": "z", "status": "MISS", "value": null}' '' on get z --json
expect 'json: text is escaped' 0 '{"key": "é\"\\", "status": "OK", "value": "x\ny"}' '' \
    on --json get 'é"\'
expect 'json: bytes that are not UTF-8' 0 \
    '{"key": "bin", "status": "OK", "value": {"base64": "YQAB/8CADQoK"}}' '' on --json get bin
expect 'json: mget' 1 \
    '[{"key": "a", "status": "OK", "value": "1"}, {"key": "z", "status": "MISS", "value": null}]' '' \
    on --json mget a z
expect 'json: set' 0 '{"key": "k", "status": "OK"}' '' on --json set k 1
expect 'json: set --add' 1 '{"key": "k", "status": "EXISTS"}' '' on --json set k 1 --add
expect 'json: mset' 0 '[{"key": "k", "status": "OK"}, {"key": "l", "status": "OK"}]' '' \
    on --json mset k 1 l 2
expect 'json: del' 1 '[{"key": "l", "status": "OK"}, {"key": "z", "status": "MISS"}]' '' \
    on --json del l z
expect 'json: exists' 1 \
    '[{"key": "k", "status": "OK", "exists": true}, {"key": "z", "status": "MISS", "exists": false}]' \
    '' on --json exists k z
expect 'json: ttl never' 0 '{"key": "k", "status": "OK", "ttl_ms": null}' '' on --json ttl k
expect 'json: incr' 0 '{"key": "n", "status": "OK", "number": 7}' '' on --json incr n 7
expect_like 'json: an error' 3 '{"key": "bin", "status": "E_TYPE", "message": "*"}' 'zcache: *' \
    on --json incr bin
expect 'json: keys' 0 '["a", "bin", "k", "n", "é\"\\"]' '' on --json keys
expect 'json: keys that are not UTF-8' 0 '[{"base64": "/w=="}]' '' eval \
    'table=json-bytes; on set "$(printf "\377")" 1 && on --json keys'
expect_like 'json: ping' 0 '{"provider": "redis", "status": "OK", "round_trip_ns": *}' '' \
    on --json ping
expect 'json: clear' 0 '{"provider": "redis", "cleared": "json:*"}' '' on --json clear

# ---- backends that fail ----

expect 'a whole shared server is not emptied' 4 '' 'zcache: *allow_flush*' \
    zcache -p redis -s "redis.url=unix:$redis_socket" clear
expect 'unless that is allowed' 0 'cleared everything of redis' '' \
    zcache -p redis -s "redis.url=unix:$redis_socket" -s cache.allow_flush=yes clear
expect 'a prefix is cleared' 0 'cleared app:* of redis' '' \
    zcache -p redis -s "redis.url=unix:$redis_socket" -s cache.key_prefix=app: clear
expect 'redis is down: get' 3 '' 'zcache: *redis*' \
    zcache -p redis -s "redis.url=unix:$dir/none" get a
expect 'redis is down: mget marks each key' 3 "$(lines 'a	\E' 'b	\E')" 'zcache: *redis*' \
    zcache -p redis -s "redis.url=unix:$dir/none" mget a b
expect 'redis is down: exists' 3 error 'zcache: *redis*' \
    zcache -p redis -s "redis.url=unix:$dir/none" exists a
expect 'redis is down: ping' 3 '' 'zcache: *redis*' \
    zcache -p redis -s "redis.url=unix:$dir/none" ping
expect 'redis is down: del' 3 '' 'zcache: *redis*' \
    zcache -p redis -s "redis.url=unix:$dir/none" del a b
expect 'redis is down: set' 3 '' 'zcache: *redis*' \
    zcache -p redis -s "redis.url=unix:$dir/none" set a 1
expect 'memcached is down: get' 3 '' 'zcache: *memcached*' \
    zcache -p memcached -s "memcached.servers=$dir/none" get a
expect 'errors = miss makes it a miss' 1 '' '*' \
    zcache -p redis -s "redis.url=unix:$dir/none" -s cache.errors=miss get a

done_testing
