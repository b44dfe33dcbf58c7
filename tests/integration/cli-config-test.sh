#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) The zcache authors
#
# Where settings come from and which of them win, what is wrong with a configuration, and which
# plugins are there or are refused. No server is asked.
# shellcheck source=tests/integration/cli.sh
# shellcheck disable=SC1003,SC2016 # quoting is what many tests are about; eval expands
. "$ZCACHE_TEST_SOURCE/tests/integration/cli.sh"

# setting NAME COMMAND...: the line of that setting in what `config show` prints, blanks squeezed.
setting() {
    wanted=$1
    shift
    "$@" config show | tr -s ' ' | grep -F "$wanted ="
}

# with VARIABLE=VALUE COMMAND...: the command sees that variable.
with() (
    variable=$1
    shift
    eval "${variable%%=*}=\${variable#*=}"
    # shellcheck disable=SC2163 # the variable that it names
    export "${variable%%=*}"
    "$@"
)

# keeps_the_secret COMMAND...: prints the messages that hold it
keeps_the_secret() {
    secret_status=0
    "$@" 2>"$dir/said" || secret_status=$?
    cat "$dir/said" >&2
    grep sesame "$dir/said"
    return "$secret_status"
}

ini=$dir/zcache.ini
cat >"$ini" <<'INI'
; a comment
[cache]
provider = redis
key_prefix = app:
timeout = 2s

[redis]
url = redis://bob:open-sesame@127.0.0.1:1/0

[table.users]
ttl = 5m
INI

# ---- origins and precedence ----

expect 'with nothing configured: memory' 0 '[cache] provider = memory # default' '' \
    setting '[cache] provider' zcache
expect 'a file' 0 "[cache] provider = redis # $ini:3" '' setting '[cache] provider' zcache -c "$ini"
expect 'the file that ZCACHE_CONF names' 0 "[cache] provider = redis # $ini:3" '' \
    with "ZCACHE_CONF=$ini" setting '[cache] provider' zcache
expect '-c wins over ZCACHE_CONF' 0 "[cache] provider = redis # $ini:3" '' \
    with "ZCACHE_CONF=/nowhere" setting '[cache] provider' zcache -c "$ini"
expect 'the environment wins over the file' 0 \
    '[cache] provider = memory # environment ZCACHE_PROVIDER' '' \
    with ZCACHE_PROVIDER=memory setting '[cache] provider' zcache -c "$ini"
expect '-p wins over the environment' 0 '[cache] provider = redis # option' '' \
    with ZCACHE_PROVIDER=memory setting '[cache] provider' zcache -p redis
expect 'CACHE_PROVIDER is known' 0 '[cache] provider = redis # environment CACHE_PROVIDER' '' \
    with CACHE_PROVIDER=redis setting '[cache] provider' zcache
expect 'a general variable' 0 '[cache] timeout = 3s # environment ZCACHE_CACHE_TIMEOUT' '' \
    with ZCACHE_CACHE_TIMEOUT=3s setting '[cache] timeout' zcache -c "$ini"
expect '-s wins over it' 0 '[cache] timeout = 4s # option' '' \
    with ZCACHE_CACHE_TIMEOUT=3s setting '[cache] timeout' zcache -c "$ini" -s cache.timeout=4s
expect 'a table' 0 "[table.users] ttl = 5m # $ini:11" '' setting '[table.users] ttl' \
    zcache -c "$ini"
expect 'a secret is not shown' 0 "[redis] url = *** # $ini:8" '' setting '[redis] url' \
    zcache -c "$ini"
expect 'a secret of the environment neither' 0 '[redis] url = *** # environment REDIS_URL' '' \
    with REDIS_URL=redis://eve:open-sesame@h/ setting '[redis] url' zcache -p redis
expect 'a secret is in no message' 3 '' 'zcache: *redis*' keeps_the_secret zcache -c "$ini" ping
expect_like 'config show --json' 0 \
    "\[{\"section\": \"cache\", \"key\": \"provider\", \"value\": \"redis\", \"origin\": \"$ini:3\", \"type\": \"string\", \"default\": \"memory\", \"required\": false, \"secret\": false, \"help\": \"*\"}, *\"key\": \"long_keys\", *\"choices\": \[\"refuse\", \"hash\"\], *\"key\": \"rate\", *\"type\": \"int\", \"default\": \"0\", \"min\": 0, *\"section\": \"redis\", \"key\": \"url\", \"value\": \"\*\*\*\", *\"secret\": true, *\]" '' \
    zcache -c "$ini" config show --json
expect 'config show in the shell tells of the open cache' 0 \
    "$(lines OK '[cache] timeout = 4s # option')" '' eval \
    'lines "set a 1" "config show" | zcache -s cache.timeout=4s shell | tr -s " " | grep -E "^OK|timeout = 4s"'

# ---- config check ----

expect 'config check FILE' 0 "$ini: ok, provider redis ($ini:3)" '' zcache config check "$ini"
expect 'config check of -c FILE' 0 "$ini: ok, provider redis ($ini:3)" '' \
    zcache -c "$ini" config check
expect 'config check of the environment' 0 'configuration: ok, provider memory (default)' '' \
    zcache config check
expect 'config check --json' 0 \
    "{\"file\": \"$ini\", \"status\": \"OK\", \"provider\": \"redis\", \"origin\": \"$ini:3\"}" '' \
    zcache config check --json "$ini"
expect 'config check of two files' 2 '' 'zcache: config check takes FILE or -c FILE, not both*' \
    zcache -c "$ini" config check "$ini"
expect 'config check of a file that is not there' 4 '' "zcache: $dir/none.ini: *No such file*" \
    zcache config check "$dir/none.ini"

# wrong NAME MESSAGES TEXT: a file with that text is refused, with a message that tells where.
wrong() {
    printf '%s\n' "$3" >"$dir/wrong.ini"
    expect "config check: $1" 4 '' "zcache: $dir/wrong.ini:$2" zcache config check "$dir/wrong.ini"
}

wrong 'an unknown key' '2: *providr*did you mean "provider"[?]*' '[cache]
providr = redis'
wrong 'an unknown key of the provider' '4: *urll*did you mean "url"[?]*' '[cache]
provider = redis
[redis]
urll = unix:/tmp/x'
wrong 'a duration without a unit' '2: *timeout*5*' '[cache]
timeout = 5'
wrong 'a provider by its path' '2: *\.\./evil*' '[cache]
provider = ../evil'
wrong 'a line that is none' '2: *' '[cache]
what is this'
wrong 'a section that cannot be' '1: *Redis*' '[Redis]
url = x'
expect_like 'config check --json of a wrong file' 4 \
    "{\"file\": \"$dir/wrong.ini\", \"status\": \"E_CONFIG\", \"message\": \"$dir/wrong.ini:*\"}" \
    'zcache: *' zcache config check --json "$dir/wrong.ini"
expect 'every command refuses a wrong file' 4 '' "zcache: $dir/wrong.ini:*" \
    zcache -c "$dir/wrong.ini" get a
expect 'the shell refuses it before the first line' 4 '' "zcache: $dir/wrong.ini:*" \
    eval 'lines version | zcache -c "$dir/wrong.ini" shell'
expect 'a wrong setting of -s' 4 '' 'zcache: *cache*timeout*soon*' \
    zcache -s cache.timeout=soon get a
expect 'an unknown setting of -s' 4 '' 'zcache: *timeot*did you mean "timeout"[?]*' \
    zcache -s cache.timeot=1s get a

# ---- plugins ----

expect_like 'plugin list' 0 "cbor       1.0.0  codec     *cbor.so       *
fault      1.0.0  filter    *fault.so      *
lmdb       1.0.0  provider  *lmdb.so       *
memcached  1.0.0  provider  *memcached.so  *
memory     1.0.0  provider  *memory.so     *
redis      1.0.0  provider  *redis.so      *
stats      1.0.0  filter    *stats.so      *" '' zcache plugin list
expect_like 'plugin list --json' 0 '\[{"name": "cbor", "file": "*", "refused": null, "version": "1.0.0", "kind": "codec", "summary": "*"}, *\]' '' \
    zcache --json plugin list
expect_like 'plugin info memory' 0 'memory 1.0.0: *capabilities  get set del *
Options, section \[memory\]:
  key *type *default *allowed
  max_memory  size *' '' zcache plugin info memory
expect_like 'plugin info redis' 0 '*native        hiredis.redisContext/*  password *string *(secret)*' '' \
    zcache plugin info redis
expect_like 'plugin info memcached' 0 '*keys          any bytes (percent-encoded there), *TTL granule   1s*' '' \
    zcache plugin info memcached
expect_like 'plugin info of a codec' 0 'cbor 1.0.0: *kind          codec
  capabilities  put next
  unloading     when its last cache is closed
  ABI           1.0' '' zcache plugin info cbor
expect_like 'plugin info --json of a codec' 0 '{"name": "cbor", *"kind": "codec", "capabilities": "put next", *"resident": false}' '' \
    zcache plugin info cbor --json
expect_like 'plugin info --json' 0 '{"name": "memory", "version": "1.0.0", *"options": \[{"key": "max_memory", "type": "size", *"secret": false, *}\]}' '' \
    zcache plugin info memory --json
expect 'plugin info of a plugin that is not there' 4 '' 'zcache: no plugin nosuch*' \
    zcache plugin info nosuch

# bad COMMAND...: with the plugins of the tests that are bad in one way each.
bad() {
    zcache -s "cache.plugin_path=$ZCACHE_TEST_FIXTURES" "$@"
}

expect_like 'plugin list tells why one is refused' 0 '*bad_magic *-  *refused *magic: expected*
*store *1.0  provider *' '' bad plugin list
expect_like 'plugin list --json too' 0 \
    '\[*{"name": "bad_magic", "file": null, "refused": "*magic: expected*"}, *\]' '' \
        bad plugin list --json
expect 'plugin info of a refused one' 4 '' 'zcache: *abi_major: expected 1, found 2*' \
    bad plugin info other_major
for plugin in bad_magic other_major newer_minor misnamed unresolved without_del; do
    expect "a command on $plugin" 4 '' "zcache: *$plugin*" bad -p "$plugin" get a
done
expect 'a filter is no provider' 4 '' 'zcache: *counter*' bad -p counter get a
expect 'a plugin of another folder, by path' 4 '' 'zcache: *\.\./memory*' zcache -p ../memory get a
expect 'a secret that a plugin tells is masked' 3 '' 'zcache: *' \
    keeps_the_secret bad -p tells_secret -s tells_secret.password=open-sesame get a

mkdir "$dir/plugins"
cp "$ZCACHE_TEST_BUILD/plugins/.libs/memory.so" "$dir/plugins"
here=cache.plugin_path=$dir/plugins
expect 'a plugin of a folder of the user' 0 '' '' zcache -s "$here" set a 1
chmod 666 "$dir/plugins/memory.so"
expect 'that others may write' 4 '' 'zcache: *memory.so*writ*' zcache -s "$here" set a 1
chmod 644 "$dir/plugins/memory.so"
chmod 777 "$dir/plugins"
expect 'in a folder that others may write' 4 '' 'zcache: *plugins*writ*' zcache -s "$here" set a 1
chmod 755 "$dir/plugins"
echo 'no object' >"$dir/plugins/memory.so"
expect 'a plugin that is no object' 4 '' 'zcache: *memory.so*ELF*' zcache -s "$here" set a 1
ln -sf "$ZCACHE_TEST_BUILD/plugins/.libs/memory.so" "$dir/plugins/memory.so"
expect 'a plugin that is a link' 4 '' 'zcache: *memory.so*' zcache -s "$here" set a 1

done_testing
