#!/usr/bin/env bash
# Lints each published crate with no feature, with each feature alone, and with all of them. A workspace build unifies
# features and so hides a missing gate; `-p` with one feature does not. Features are read from the manifests.
#
# `features.sh --list` prints "crate feature default|optional" lines instead.
set -euo pipefail
cd "$(dirname "$0")/.."

# One line per published crate: its name, then the JSON of the rest.
crates() {
    cargo metadata --locked --no-deps --format-version 1 |
        sed 's/{"name":"\([^"]*\)","version":/\n\1 /g' |
        grep '"publish":null'
}

# The features of one line of `crates`, one per line. Only a package's own features are an object; a dependency's are a list.
features() {
    local table enabled feature
    table=$(sed -n 's/.*"features":{\([^}]*\)}.*/\1/p' <<<"$1")
    enabled=$(sed -n 's/.*"default":\[\([^]]*\)\].*/\1/p' <<<"$table")
    for feature in $(grep -o '"[^"]*":\[' <<<"$table" | tr -d '":['); do
        if [[ $feature == default || $enabled == *"\"$feature\""* ]]; then
            echo "$feature default"
        else
            echo "$feature optional"
        fi
    done
}

lint() {
    echo "-- $*"
    cargo clippy --locked --quiet "$@" -- -D warnings
}

all=$(crates)
while read -r crate json; do
    found=$(features "$json")
    if [[ ${1-} == --list ]]; then
        [[ -z $found ]] || sed "s/^/$crate /" <<<"$found"
        continue
    fi
    lint -p "$crate" --no-default-features
    [[ -n $found ]] || continue
    while read -r feature _; do
        lint -p "$crate" --no-default-features --features "$feature"
    done <<<"$found"
    lint -p "$crate" --all-features
done <<<"$all"
