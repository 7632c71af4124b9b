# Workloads between markers; the host takes the time when a marker arrives.
section() {
    echo "@begin $1"
    shift
    "$@" >/dev/null
    echo "@end"
}

processes() {
    i=0
    while [ $i -lt 300 ]; do
        /bin/ls /bin
        /bin/cat /proc/cpuinfo
        i=$((i + 1))
    done
}

sums() {
    i=0
    while [ $i -lt 60 ]; do
        /bin/md5sum /tmp/data
        i=$((i + 1))
    done
}

shell_loop() {
    i=0
    while [ $i -lt 200000 ]; do
        i=$((i + 1))
    done
}

compress() {
    /bin/gzip -c /tmp/data | /bin/gzip -dc
}

dd if=/bin/busybox of=/tmp/data bs=64k 2>/dev/null
section '300 × (ls, cat)' processes
section '60 × md5sum of 1.3 MB' sums
section '200,000 rounds of a shell loop' shell_loop
section 'gzip and gunzip of 1.3 MB' compress
/bin/micro
