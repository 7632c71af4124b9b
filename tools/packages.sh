#!/bin/sh
# Installs what is missing of tools/packages.txt.
# usage: tools/packages.sh KIND...     (build, test)
# Exit status: 0 everything is there now, 1 something is still missing.
set -u
list=$(dirname "$0")/packages.txt

missing() {
    for kind in "$@"; do
        sed -n "s/^$kind //p" "$list"
    done | while read -r package; do
        case $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) in
        *' installed') ;;
        *) echo "$package" ;;
        esac
    done
}

if ! command -v dpkg-query >/dev/null; then
    echo "packages: no Debian system; what is needed is listed in $list" >&2
    exit 1
fi
wanted=$(missing "$@")
[ -n "$wanted" ] || exit 0
echo "packages: installing" $wanted >&2
root=
[ "$(id -u)" = 0 ] || root=sudo
if [ -n "$root" ] && ! command -v sudo >/dev/null; then
    echo "packages: neither root nor sudo; install them yourself" >&2
    exit 1
fi
install() {
    # shellcheck disable=SC2086
    $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        $wanted >&2 </dev/null
}
# A source that cannot be reached does not matter when the others have everything.
install || { $root apt-get update -qq >&2; install; }
wanted=$(missing "$@")
[ -z "$wanted" ] || { echo "packages: still missing:" $wanted >&2; exit 1; }
