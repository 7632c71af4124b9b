#!/bin/sh
# The guest's /etc/session: a shell on the console, or the script that the kernel command line
# names (armemu.script=NAME runs /scripts/NAME). When it ends, the machine is powered off.
export PATH=/bin:/sbin HOME=/root TERM=vt100 ENV=/etc/profile
cd /root
script=
for word in $(cat /proc/cmdline); do
    case $word in
    armemu.script=*) script=/scripts/${word#*=} ;;
    esac
done
if [ -z "$script" ]; then
    echo
    echo "Linux $(uname -r) on $(uname -m). Leave with: poweroff"
fi
# A session of its own with the real console as its terminal: job control and Ctrl-C work
setsid cttyhack sh $script
poweroff -f
