# Completion of sternpost and sternpostd for bash: sternpost and sternpostd in /usr/share/bash-completion/completions. Of
# the package bash-completion it needs only that it loads this file.

# The sub-command on the line so far, of cache with its own.
_sternpost_command() {
    local i first=''
    for ((i = 1; i < COMP_CWORD; ++i)); do
        case ${COMP_WORDS[i]} in
            -c | --config)
                [[ ${COMP_WORDS[++i]} != = ]] || ((++i))
                ;;
            -*) ;;
            cache) [[ $first ]] || first='cache ' ;;
            *) echo "$first${COMP_WORDS[i]}" && return ;;
        esac
    done
    echo "${first% }"
}

_sternpost() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}
    local words='' options=''
    case ${1##*/}:$(_sternpost_command):$previous in
        sternpost:lint:*)
            options='--mx --json -h --help'
            if [[ $current != -* && $previous != --mx ]]; then
                compopt -o filenames 2>/dev/null
                mapfile -t COMPREPLY < <(compgen -f -- "$current")
                return
            fi
            ;;
        sternpost:report:--since | sternpost:report:--until) ;;
        sternpost:report:*)
            options='--since --until --domain --json -h --help'
            if [[ $current != -* && $previous != --domain ]]; then
                compopt -o filenames 2>/dev/null
                mapfile -t COMPREPLY < <(compgen -f -- "$current")
                return
            fi
            ;;
        *:doctor:--postfix | sternpost:publish:--root | sternpost:publish:--out)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -d -- "$current")
            return
            ;;
        *:-c | *:--config | sternpost:publish:--previous)
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -f -- "$current")
            return
            ;;
        sternpost:import:--from | 'sternpost:cache import:--from' | sternpost:migrate:--from)
            words='postfix-mta-sts-resolver postfix-tlspol'
            ;;
        'sternpost:cache export:'* | 'sternpost:cache warm:'* | 'sternpost:cache import:'* | sternpost:import:* | sternpost:migrate:*)
            options='-h --help'
            case $(_sternpost_command) in *import | migrate) options="--from $options" ;; esac
            if [[ $current != -* ]]; then
                compopt -o filenames 2>/dev/null
                mapfile -t COMPREPLY < <(compgen -f -- "$current")
                return
            fi
            ;;
        *:query:--map) words='sts sts-tlsrpt' ;;
        sternpostd:*) options='-c --config --check-config --version -h --help' ;;
        sternpost:query:*) options='--map -h --help' ;;
        sternpost:explain:*) options='--probe --json -h --help' ;;
        sternpost:publish:--mode) words='testing enforce none' ;;
        sternpost:publish:--for) words='nginx caddy apache' ;;
        sternpost:publish:*)
            options='--mode --max-age --mx --rua --for --root --out --check --previous --probe --json -h --help'
            ;;
        sternpost:watch:*) options='--now --json -h --help' ;;
        sternpost:cache:*)
            words='list show refresh forget stats export import warm'
            options='-h --help'
            ;;
        'sternpost:cache forget:'*) options='--yes -h --help' ;;
        'sternpost:cache '*) options='--json -h --help' ;;
        sternpost:doctor:*) options='--postfix --json -h --help' ;;
        sternpost::*)
            words='query explain lint publish watch report cache doctor import migrate'
            options='-c --config --version -h --help'
            ;;
    esac
    [[ $current != -* ]] || words=$options
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}

complete -F _sternpost sternpost sternpostd
