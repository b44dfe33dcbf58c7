# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) The zcache authors
#
# Bash completion of the zcache command, which itself tells what a word can become.

_zcache()
{
    local typed=${COMP_WORDS[COMP_CWORD]} candidate
    COMPREPLY=()
    while IFS= read -r candidate; do
        case $candidate in
        :file:)
            compopt -o filenames 2>/dev/null
            while IFS= read -r candidate; do
                COMPREPLY+=("$candidate")
            done < <(compgen -f -- "$typed")
            ;;
        *=)
            compopt -o nospace 2>/dev/null
            COMPREPLY+=("$candidate")
            ;;
        *)
            COMPREPLY+=("$candidate")
            ;;
        esac
    done < <("${COMP_WORDS[0]}" complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _zcache zcache
