#!/bin/sh
# Fetches the guests that ./run, the system tests and the benchmarks boot: Debian's armhf kernels
# and its static busybox. Nothing of the machine's own apt or dpkg state changes: the package lists
# and the downloads live in a private directory, only the configured sources and keys are shared.
#
# usage: tools/guest-fetch.sh [--force]
# Prints the directory that then holds
#   vmlinuz-armmp  vmlinuz-armmp-lpae  busybox  initramfs.cpio.gz  root-*/ (the unpacked packages)
# The place is $ARMEMU_GUESTS, by default ${XDG_CACHE_HOME:-$HOME/.cache}/armemu/guests.
# Exit status: 0 everything is there, 3 packages cannot be fetched here.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
guests=${ARMEMU_GUESTS:-${XDG_CACHE_HOME:-$HOME/.cache}/armemu/guests}
kernels='armmp armmp-lpae'

say() { echo "guest-fetch: $*" >&2; }
unavailable() { say "$*"; exit 3; }

have_all() {
    for kernel in $kernels; do
        [ -s "$guests/vmlinuz-$kernel" ] || return 1
    done
    [ -s "$guests/busybox" ]
}

# apt with a state of its own, seeing armhf packages alone
apt_private() {
    command=$1
    shift
    "$command" -o Dir::State="$work/state" -o Dir::State::status="$work/status" \
        -o Dir::Cache="$work/cache" -o Dir::Cache::archives=archives/ \
        -o Dir::Cache::pkgcache=pkgcache.bin -o Dir::Cache::srcpkgcache=srcpkgcache.bin \
        -o Dir::Log="$work/log" -o APT::Architecture=armhf -o APT::Architectures=armhf \
        -o APT::Sandbox::User="$(id -un)" -o Acquire::Languages=none -o Acquire::Retries=3 "$@"
}

update_lists() {
    mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial" "$work/log"
    : >"$work/status"
    # A source without armhf makes the update fail as a whole; what counts is what was found.
    apt_private apt-get -qq update >"$work/update.log" 2>&1 || true
}

# The package that a meta package stands for in the current lists, on standard output
resolve_kernel() {
    apt_private apt-cache depends "linux-image-$1" 2>/dev/null |
        sed -n 's/^ *Depends: \(linux-image-[^ :]*\).*/\1/p' | head -n 1
}

# Downloads package $1 and puts its contents at $guests/$2, in one step
fetch_package() {
    say "fetching $1"
    mkdir -p "$work/deb-$2"
    (cd "$work/deb-$2" && apt_private apt-get -qq download "$1" >>"$work/download.log" 2>&1) ||
        { cat "$work/download.log" >&2; unavailable "$1 cannot be downloaded"; }
    dpkg-deb -x "$work/deb-$2"/*.deb "$work/$2"
    rm -rf "${guests:?}/$2"
    mv "$work/$2" "$guests/$2"
}

# Makes $guests/$2 a link to the file $1 (relative to $guests), in one step
publish() {
    ln -s "$1" "$work/link"
    mv -T "$work/link" "$guests/$2"
}

fetch_all() {
    command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null ||
        unavailable "needs apt-get and dpkg-deb (a Debian system)"
    work=$(mktemp -d "$guests/.work.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    trap 'exit 130' INT TERM
    say "reading package lists (armhf)"
    update_lists
    for kernel in $kernels; do
        package=$(resolve_kernel "$kernel")
        [ -n "$package" ] || { sed 's/^/  /' "$work/update.log" >&2
            unavailable "no linux-image-$kernel:armhf in the configured sources"; }
        fetch_package "$package" "root-$kernel"
        publish "root-$kernel/boot/$(cd "$guests/root-$kernel/boot" && ls vmlinuz-* | head -n 1)" \
            "vmlinuz-$kernel"
    done
    fetch_package busybox-static root-busybox
    for path in bin/busybox usr/bin/busybox; do
        [ ! -f "$guests/root-busybox/$path" ] || publish "root-busybox/$path" busybox
    done
}

mkdir -p "$guests"
exec 9>"$guests/.lock"
flock 9
[ "${1-}" != --force ] && have_all || fetch_all
initramfs=$guests/initramfs.cpio.gz
if [ ! -s "$initramfs" ] || [ -n "$(find -L "$guests/busybox" "$here/guest-initramfs.py" \
        "$here/guest-init.sh" "$here/guest-session.sh" -newer "$initramfs")" ]; then
    python3 "$here/guest-initramfs.py" --busybox "$guests/busybox" -o "$initramfs"
fi
echo "$guests"
