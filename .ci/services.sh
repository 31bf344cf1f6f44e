#!/usr/bin/env bash
# Makes sure that the servers are there which the tests of optional features start for themselves: Debian's `redis-server`
# and `rabbitmq-server`. Installs what is missing, as root; does nothing where nothing is. Needs no network but apt's.
set -euo pipefail

# A package is named after its program. Debian keeps system programs where users may not look.
PATH=$PATH:/usr/sbin:/sbin
missing=()
for program in redis-server rabbitmq-server; do
    command -v "$program" >/dev/null || missing+=("$program")
done
[[ ${#missing[@]} -gt 0 ]] || exit 0

as_root=()
if [[ $(id -u) -ne 0 ]]; then
    command -v sudo >/dev/null || {
        echo "services.sh: not root, and no sudo: install ${missing[*]}" >&2
        exit 1
    }
    as_root=(sudo -n)
fi
install() {
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "${missing[@]}"
}
# The lists of packages may be old, or not be there yet.
install || { "${as_root[@]}" apt-get update && install; }
