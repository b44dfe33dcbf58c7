#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) The zcache authors
#
# The bash completion, asked as bash asks it: COMP_WORDS and COMP_CWORD in, COMPREPLY out.
# shellcheck source=tests/integration/cli.sh
# shellcheck disable=SC1003,SC2016 # quoting is what many tests are about; eval expands
. "$ZCACHE_TEST_SOURCE/tests/integration/cli.sh"

mkdir "$dir/bin" "$dir/files"
ln -s "$command_file" "$dir/bin/zcache"
: >"$dir/files/one.ini"
: >"$dir/files/two.ini"
cat >"$dir/completion.bash" <<'BASH'
. "$1"
shift
COMP_WORDS=(zcache "$@")
COMP_CWORD=$(($# > 0 ? $# : 1))
_zcache
printf '%s\n' "${COMPREPLY[@]}"
BASH

# completes NAME CANDIDATES WORD...: the last word can become those.
completes() {
    test_name=$1 candidates=$2
    shift 2
    expect "$test_name" 0 "$candidates" '' env PATH="$dir/bin:$PATH" bash "$dir/completion.bash" \
        "$ZCACHE_TEST_SOURCE/host/cli/zcache.bash" "$@"
}

completes 'commands' "$(lines get set del exists ttl touch incr mget mset keys clear ping stats shell \
    plugin config ctl version help)" ''
completes 'the beginning of a command' "$(lines mget mset)" m
completes 'a command after options' ping --json -p memory pi
completes 'the second word' "$(lines list info new check)" plugin ''
completes 'the beginning of the second word' check config c
completes 'nothing after a whole command' '' ping ''
completes 'no keys, which would ask the server' '' get ''
completes 'options' "$(lines --config --provider --table --set --json --version --help)" --
completes 'options of a command' "$(lines --table --ttl)" set --t
completes 'no options after --' '' get -- --
completes 'providers' "$(lines lmdb memcached memory redis)" -p ''
completes 'the beginning of a provider' "$(lines memcached memory)" --provider mem
completes 'plugins' "$(lines memcached memory)" plugin info mem
completes 'settings' "$(lines cache.max_key_length= cache.max_value_size=)" -s cache.max_
completes 'durations' "$(lines 500ms 30s 15m 1h 7d never)" touch a --ttl ''
completes 'commands of ctl' "$(lines status stats)" ctl st
completes 'modes of a swap' "$(lines cold copy)" ctl swap redis --mode ''
completes 'options of plugins' 'memory.max_memory=' ctl set ''
completes 'log levels' "$(lines debug)" ctl log d
completes 'help' "$(lines get)" help ge
completes 'help of two words' info help plugin i
completes 'files of -c' "$(lines "$dir/files/one.ini" "$dir/files/two.ini")" -c "$dir/files/"
completes 'files of config check' "$dir/files/two.ini" config check "$dir/files/t"
completes 'no names of plugins that are to be' '' plugin new m
completes 'the directory of a new plugin' "$dir/files" plugin new mine "$dir/fi"
completes 'nothing with a wrong configuration' '' -c /nowhere/zcache.ini -p ''
expect 'bash knows the function' 0 'complete -F _zcache zcache' '' \
    bash -c '. "$1" && complete -p zcache' bash "$ZCACHE_TEST_SOURCE/host/cli/zcache.bash"
expect 'the installed file is the one that is tested' 0 '' '' \
    cmp "$ZCACHE_TEST_SOURCE/host/cli/zcache.bash" "$ZCACHE_TEST_BUILD/host/cli/completion/zcache"

done_testing
