# bash completion for armemu
# Options come from `armemu --help all`, names from the lists that armemu prints.

_armemu_list()
{
    "$1" "$2" help 2>/dev/null | sed -n "$3"
}

_armemu()
{
    local cur=${COMP_WORDS[COMP_CWORD]} prev= program=${COMP_WORDS[0]}
    ((COMP_CWORD > 0)) && prev=${COMP_WORDS[COMP_CWORD - 1]}
    COMPREPLY=()
    case ${prev/#--/-} in
    -M | -machine)
        COMPREPLY=($(compgen -W "$(_armemu_list "$program" -M 's/^  \([^ ]*\) .*/\1/p') help" -- "$cur"))
        return ;;
    -cpu)
        COMPREPLY=($(compgen -W "$(_armemu_list "$program" -cpu 's/^\([^ ]*\) .*/\1/p') help" -- "$cur"))
        return ;;
    -accel)
        COMPREPLY=($(compgen -W "$(_armemu_list "$program" -accel 's/^\([^ ]*\) .*/\1/p') help" -- "$cur"))
        return ;;
    -d)
        local head=
        [[ $cur == *,* ]] && head=${cur%,*},
        COMPREPLY=($(compgen -P "$head" -W "$(_armemu_list "$program" -d 's/^  \([^ ]*\) .*/\1/p') help" \
            -- "${cur##*,}"))
        return ;;
    -h | -help)
        COMPREPLY=($(compgen -W "$("$program" --help 2>/dev/null |
            sed -n 's/^  \([a-z]*\)  *[A-Za-z ]*$/\1/p')" -- "$cur"))
        return ;;
    -serial | -monitor)
        COMPREPLY=($(compgen -W 'stdio mon:stdio null none pty file: pipe: unix: tcp: chardev:' -- "$cur"))
        [[ ${COMPREPLY[0]} == *: ]] && compopt -o nospace 2>/dev/null
        return ;;
    -gdb)
        COMPREPLY=($(compgen -W 'tcp: unix: stdio none' -- "$cur"))
        [[ ${COMPREPLY[0]} == *: ]] && compopt -o nospace 2>/dev/null
        return ;;
    -chardev)
        COMPREPLY=($(compgen -W 'null stdio file pipe pty socket help' -S , -- "$cur"))
        compopt -o nospace 2>/dev/null
        return ;;
    -device)
        COMPREPLY=($(compgen -W 'loader,file= loader,addr= help' -- "$cur"))
        compopt -o nospace 2>/dev/null
        return ;;
    -netdev | -nic)
        COMPREPLY=($(compgen -W 'user, none help' -- "$cur"))
        compopt -o nospace 2>/dev/null
        return ;;
    -net)
        COMPREPLY=($(compgen -W 'nic, user, none' -- "$cur"))
        compopt -o nospace 2>/dev/null
        return ;;
    -display | -vga | -parallel)
        COMPREPLY=($(compgen -W none -- "$cur"))
        return ;;
    -rtc)
        COMPREPLY=($(compgen -W 'base=utc clock=host clock=vm' -- "$cur"))
        return ;;
    -icount)
        COMPREPLY=($(compgen -W 'shift=auto shift=3 shift=auto,sleep=off' -- "$cur"))
        return ;;
    -semihosting-config)
        COMPREPLY=($(compgen -W 'on off enable= target=native target=auto target=gdb chardev= arg= userspace= root= readonly=' \
            -- "$cur"))
        compopt -o nospace 2>/dev/null
        return ;;
    -host-features)
        COMPREPLY=($(compgen -W 'no-bmi1 no-bmi2 no-lzcnt no-avx no-avx2 no-fma no-f16c no-aes no-pclmul no-sha' -- "$cur"))
        return ;;
    -kernel | -initrd | -dtb | -bios | -D)
        compopt -o filenames 2>/dev/null
        COMPREPLY=($(compgen -f -- "$cur"))
        return ;;
    -m | -smp | -append | -name | -dfilter | -seed)
        return ;;
    esac
    if [[ $cur == -* || -z $cur ]]; then
        local dash=-
        [[ $cur == --* ]] && dash=--
        COMPREPLY=($(compgen -W "$("$program" --help all 2>/dev/null |
            sed -n "s/^  -\([^ ,[]*\).*/$dash\1/p")" -- "$cur"))
    fi
}

complete -F _armemu armemu
