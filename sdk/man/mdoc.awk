# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) The zcache authors
#
# For sdk/man/fill: reads one JSON document that `zcache --json` has written and prints the items of
# an mdoc list. First the document is laid flat: value["options.0.key"] is "url"; then one of the
# functions at the end goes through it. Text is folded, each sentence on a line of its own, as mdoc
# wants it; what stands in `…` becomes .Ql.

function fail(what) {
    printf "mdoc.awk: %s\n", what > "/dev/stderr"
    failed = 1
    exit 1
}

# ---- JSON ----------------------------------------------------------------------------------------

# Takes the string that begins at the quote before `at`.
function take_string(    c, text) {
    text = ""
    for (;;) {
        c = substr(json, at++, 1)
        if (c == "\"")
            return text
        if (c == "")
            fail("a string has no end")
        if (c == "\\") {
            c = substr(json, at++, 1)
            if (c == "n")
                c = "\n"
            else if (c == "t")
                c = "\t"
            else if (c !~ /["\\\/]/)
                fail("an escape that is not known: \\" c)
        }
        text = text c
    }
}

function skip_blanks() {
    while (substr(json, at, 1) ~ /[ \n]/)
        at++
}

function flatten(path,    c, i, name, end) {
    skip_blanks()
    c = substr(json, at++, 1)
    if (c == "\"") {
        value[path] = take_string()
        return
    }
    if (c != "{" && c != "[") {
        match(substr(json, --at), /^[-+.a-z0-9]+/)
        if (RLENGTH < 1)
            fail("no value at byte " at)
        value[path] = substr(json, at, RLENGTH)
        if (value[path] == "null")
            delete value[path]
        at += RLENGTH
        return
    }
    end = c == "{" ? "}" : "]"
    for (i = 0;; i++) {
        skip_blanks()
        if (substr(json, at, 1) == end)
            break
        if (i > 0) {
            if (substr(json, at++, 1) != ",")
                fail("no comma at byte " at)
            skip_blanks()
        }
        name = i
        if (c == "{") {
            at++
            name = take_string()
            skip_blanks()
            at++ # the colon
        }
        flatten(path == "" ? name : path "." name)
    }
    at++
    value[path ".count"] = i
}

# ---- mdoc ----------------------------------------------------------------------------------------

function escape(text) {
    gsub(/\\/, "\\e", text)
    if (text ~ /^[.']/)
        text = "\\&" text
    sub(/^-/, "\\-", text)
    gsub(/ -/, " \\-", text)
    gsub(/\(-/, "(\\-", text)
    gsub(/ \\--/, " \\-\\-", text)
    return text
}

# Quotes an argument of a macro.
function quote(text) {
    text = escape(text)
    gsub(/"/, "\\(dq", text)
    return text ~ /[ ,;:()?!]/ || text == "" ? "\"" text "\"" : text
}

# A macro with its argument, and the punctuation that follows it.
function literal(text, after) {
    return ".Ql " quote(text) (after != "" ? " " after : "")
}

# Prints one sentence, folded; `…` in it becomes .Ql.
function print_sentence(text,    piece, count, i, words, n, w, line, after) {
    count = split(text, piece, "`")
    for (i = 1; i <= count; i++) {
        if (i % 2 == 0) {
            after = ""
            if (match(piece[i + 1], /^[.,;:)]+/)) {
                after = substr(piece[i + 1], 1, RLENGTH)
                piece[i + 1] = substr(piece[i + 1], RLENGTH + 1)
            }
            print literal(piece[i], after)
            continue
        }
        n = split(piece[i], words, /[ \n]+/)
        line = ""
        for (w = 1; w <= n; w++) {
            if (words[w] == "")
                continue
            if (line != "" && length(line) + length(words[w]) > 96) {
                print escape(line)
                line = ""
            }
            line = line (line != "" ? " " : "") words[w]
        }
        if (line != "")
            print escape(line)
    }
}

# Prints text, a sentence at a time. With `once`, sentences that were printed before are left out.
function print_text(text, once,    sentence) {
    gsub(/\n/, " ", text)
    sub(/ +$/, "", text)
    while (text != "") {
        sentence = text
        if (match(text, /[^.][.?!] +[A-Z-]/))
            sentence = substr(text, 1, RSTART + 1)
        text = substr(text, length(sentence) + 1)
        sub(/^ +/, "", text)
        if (!once || !(sentence in told))
            print_sentence(sentence)
        told[sentence] = 1
    }
}

# "the server" becomes "The server."
function as_sentence(text) {
    text = toupper(substr(text, 1, 1)) substr(text, 2)
    return text ~ /[.?!]$/ ? text : text "."
}

# ---- options and settings ------------------------------------------------------------------------

function with_unit(number, units, factors,    count, i, unit, factor) {
    count = split(units, unit, " ")
    split(factors, factor, " ")
    for (i = 1; i < count && (number == 0 || number % factor[i] != 0); i++)
        ;
    return sprintf("%d%s", number / factor[i], unit[i])
}

function show(type, number) {
    if (type == "duration" && number == "-1")
        return "never"
    if (type == "duration")
        return with_unit(number, "d h m s ms", "86400000 3600000 60000 1000 1")
    if (type == "size" && number % 1024 == 0 && number > 0)
        return with_unit(number, "t g m k", "1099511627776 1073741824 1048576 1024")
    if (type == "fraction")
        return number * 100 "%"
    return number
}

function print_choices(path,    i, count) {
    count = value[path ".choices.count"]
    print "One of"
    for (i = 0; i < count; i++) {
        if (i > 0 && i == count - 1)
            print "and"
        print literal(value[path ".choices." i], i == count - 1 ? "." : i < count - 2 ? "," : "")
    }
}

function print_range(path, type,    least, most) {
    least = value[path ".min"]
    most = value[path ".max"]
    if (most == "9223372036854775807") {
        print "At least"
        print literal(show(type, least), ".")
        return
    }
    if (type == "duration" && least == "-1") { # never, or a duration
        print "From"
        print literal("1ms")
        print "to"
        print literal(show(type, most), ",")
        print "or"
        print literal("never", ".")
        return
    }
    print "From"
    print literal(show(type, least))
    print "to"
    print literal(show(type, most), ".")
}

function print_option(path,    key, type, usual) {
    key = value[path ".key"]
    type = value[path ".type"]
    print ".It Cm " key " No = Ar " (type == "bool" ? "yes|no" : type == "enum" ? "word" : type)
    print_text(as_sentence(value[path ".help"]))
    if (type == "enum")
        print_choices(path)
    if ((path ".min") in value)
        print_range(path, type)
    usual = (path ".default") in value ? value[path ".default"] : ""
    if (value[path ".required"] == "true") {
        print "Must be set."
    } else if (key == "plugin_path") { # another one in each installation
        print "Default: the directory that zcache was installed with."
    } else if (usual == "") {
        print "No default."
    } else {
        print "Default:"
        print literal(usual, ".")
    }
    if (value[path ".secret"] == "true")
        print "Secret: it is shown nowhere."
}

function print_options(    i) {
    for (i = 0; i < value["options.count"]; i++)
        print_option("options." i)
}

function print_settings(section,    i) {
    for (i = 0; i < value[".count"]; i++)
        if (value[i ".section"] == section ||
            section == "table" && value[i ".section"] ~ /^table\./)
            print_option(i)
}

# ---- commands ------------------------------------------------------------------------------------

# "KEY [VALUE|-] [--ttl DURATION]" as macros.
function usage_macros(usage,    words, n, i, out, word) {
    gsub(/[][|]/, " & ", usage)
    gsub(/\.\.\./, " ... ", usage)
    n = split(usage, words, / +/)
    out = ""
    for (i = 1; i <= n; i++) {
        word = words[i]
        if (word == "")
            continue
        if (word == "[")
            word = "Oo"
        else if (word == "]")
            word = "Oc"
        else if (word ~ /^--/)
            word = "Fl " substr(word, 2)
        else if (word ~ /^-[a-z]$/)
            word = "Fl " substr(word, 2)
        else if (word ~ /^[A-Z]/)
            word = "Ar " word
        else if (word == "-" || word == "...")
            word = "No " word
        else if (word != "|")
            word = "Cm " word
        out = out " " word
    }
    return out
}

function print_commands(family,    i, path, of) {
    for (i = 0; i < value["commands.count"]; i++) {
        path = "commands." i
        of = "-"
        if (value[path ".shell_only"] == "true")
            of = "shell"
        else if (value[path ".name"] ~ / /)
            of = substr(value[path ".name"], 1, index(value[path ".name"], " ") - 1)
        if (of != family)
            continue
        print ".It Ic " value[path ".name"] usage_macros(value[path ".usage"])
        print_text(as_sentence(value[path ".summary"]))
        print_text(value[path ".help"], 1)
    }
}

function print_switches(    i, path, item) {
    for (i = 0; i < value["options.count"]; i++) {
        path = "options." i
        item = ".It "
        if ((path ".letter") in value)
            item = item "Fl " substr(value[path ".letter"], 2) " , "
        item = item "Fl " substr(value[path ".name"], 2)
        if ((path ".argument") in value)
            item = item " Ar " value[path ".argument"]
        print item
        if (value[path ".help"] ~ /^[a-z]+: /) # it begins with a word that the user gives
            print_text(value[path ".help"] ".")
        else
            print_text(as_sentence(value[path ".help"]))
    }
}

# ---- the document --------------------------------------------------------------------------------

{ json = json $0 "\n" }

END {
    if (failed)
        exit 1
    at = 1
    flatten("")
    if (kind == "options")
        print_options()
    else if (kind == "settings")
        print_settings(name)
    else if (kind == "commands")
        print_commands(name)
    else if (kind == "switches")
        print_switches()
    else
        fail("nothing known is made as " kind)
}
