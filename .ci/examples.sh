#!/usr/bin/env bash
# Runs every command that the index of the examples (examples/README.md) gives its reader, each within a time limit, on
# the debug build that the tests share. An example that is missing from the index fails, and so does an entry without an
# example: what nobody runs rots.
#
# A command of the index has the form `cargo run [--release] --example NAME [-- ARGUMENTS]`, in backticks or a fenced block.
set -euo pipefail
cd "$(dirname "$0")/.."

limit=${EXAMPLE_LIMIT:-60s}
target=${CARGO_TARGET_DIR:-target}
index=examples/README.md

built=$(cargo metadata --locked --no-deps --format-version 1 |
    { grep -o '"kind":\["example"\],"crate_types":\["[^"]*"\],"name":"[^"]*","src_path":"'"$PWD"'/examples/' || true; } |
    sed 's/.*"name":"\([^"]*\)".*/\1/' | sort)
commands=
if [[ -f $index ]]; then
    commands=$(grep -o 'cargo run [^`]*--example [^`]*' "$index" || true)
fi
indexed=$(sed -n 's/.*--example \([^ ]*\).*/\1/p' <<<"$commands" | sort -u)

if [[ $built != "$indexed" ]]; then
    echo "$index and the [[example]] targets differ (< only a target, > only in the index):" >&2
    diff <(echo "$built") <(echo "$indexed") >&2 || true
    exit 1
fi
if [[ -z $built ]]; then
    echo "no examples yet"
    exit 0
fi

cargo build --locked --workspace --examples
while read -r command; do
    name=$(sed 's/.*--example \([^ ]*\).*/\1/' <<<"$command")
    arguments=()
    if [[ $command == *' -- '* ]]; then
        eval "arguments=(${command#* -- })"
    fi
    started=$SECONDS
    echo "-- $command"
    # In the foreground: `timeout` stays in our process group, and who ends us ends the example too.
    timeout --foreground --kill-after=5s "$limit" "$target/debug/examples/$name" "${arguments[@]}" </dev/null ||
        { echo "$name ended with status $? (124: over the limit of $limit)" >&2; exit 1; }
    echo "-- $name: $((SECONDS - started)) s"
done <<<"$commands"
