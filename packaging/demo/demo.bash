# shellcheck shell=bash
# shellcheck disable=SC2016,SC2154  # variables are those of packaging/quickstart
# The small world of packaging/quickstart --demo, which reads this file: Knot gives the DNS answers, nginx is the policy
# host of all domains, OpenSSL makes their certificates, and sternpostd asks them as it asks the Internet.

dns_address=127.84.61.53
dns_port=10053
https_address=127.84.61.1
domains=(enforce testing none wildcard broken)
never_asked=no-record

answer_of() {
    case $1 in
        enforce) echo "OK secure match=mx1.enforce.example:mx2.enforce.example servername=hostname" ;;
        wildcard) echo "OK secure match=a.wildcard.example:b.wildcard.example servername=hostname" ;;
        *) echo "NOTFOUND " ;;
    esac
}

meaning_of() {
    case $1 in
        enforce) echo "Mail goes to these hosts only, and only if their certificates prove their names." ;;
        testing) echo "Its owner only tries MTA-STS out, so main.cf decides as for any other domain." ;;
        none) echo "Its owner has given MTA-STS up, so main.cf decides." ;;
        wildcard) echo "The policy allows *.wildcard.example: the MX hosts that this fits are named." ;;
        broken) echo "The policy cannot be read and no older one is known, so mail is not held back." ;;
        no-record) echo "It has no MTA-STS in DNS: nothing is fetched, and main.cf decides." ;;
    esac
}

policy_of() {
    printf 'version: STSv1\n'
    case $1 in
        enforce) printf 'mode: enforce\nmx: mx1.enforce.example\nmx: mx2.enforce.example\n' ;;
        testing) printf 'mode: testing\nmx: mx.testing.example\n' ;;
        none) printf 'mode: none\n' ;;
        wildcard) printf 'mode: enforce\nmx: *.wildcard.example\n' ;;
        broken) printf 'mode: enforced\nmx: mx.broken.example\n' ;;
    esac
    printf 'max_age: 604800\n'
}

make_dns() {
    local domain
    cat >"$dir/knotd.conf" <<END
server:
    rundir: "$dir"
    listen: $dns_address@$dns_port
log:
  - target: stderr
    any: notice
database:
    storage: "$dir/knot"
zone:
  - domain: example
    storage: "$dir"
    file: example.zone
    journal-content: none
    zonefile-load: whole
    zonefile-sync: -1
END
    {
        printf '$ORIGIN example.\n$TTL 60\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A %s\n' "$dns_address"
        for domain in "${domains[@]}"; do
            printf '_mta-sts.%s TXT "v=STSv1; id=20260101;"\nmta-sts.%s A %s\n' "$domain" "$domain" "$https_address"
        done
        printf 'enforce MX 10 mx1.enforce\nenforce MX 20 mx2.enforce\n'
        printf 'wildcard MX 10 a.wildcard\nwildcard MX 20 b.wildcard\n'
        printf '%s MX 10 mx.%s\n' testing testing none none broken broken "$never_asked" "$never_asked"
    } >"$dir/example.zone"
}

make_certificates() {
    local key=(-newkey ec -pkeyopt "ec_paramgen_curve:P-256" -nodes -days 30) names
    names=$(printf ',DNS:mta-sts.%s.example' "${domains[@]}")
    openssl req -x509 "${key[@]}" -keyout "$dir/ca.key" -out "$dir/ca.pem" -subj "/CN=CA of the sternpost demo"
    openssl req -x509 "${key[@]}" -CA "$dir/ca.pem" -CAkey "$dir/ca.key" -keyout "$dir/policy-host.key" \
        -out "$dir/policy-host.pem" -subj "/CN=policy host" -addext "subjectAltName=${names#,}" \
        -addext "basicConstraints=critical,CA:FALSE"
}

make_policy_hosts() {
    local domain
    cat >"$dir/nginx.conf" <<END
pid $dir/nginx.pid;
error_log $dir/nginx.log;
events {}
http {
    access_log $dir/nginx-access.log;
    client_body_temp_path $dir/nginx-tmp;
    proxy_temp_path $dir/nginx-tmp;
    fastcgi_temp_path $dir/nginx-tmp;
    uwsgi_temp_path $dir/nginx-tmp;
    scgi_temp_path $dir/nginx-tmp;
    ssl_certificate $dir/policy-host.pem;
    ssl_certificate_key $dir/policy-host.key;
END
    for domain in "${domains[@]}"; do
        cat >>"$dir/nginx.conf" <<END
    server {
        listen $https_address:443 ssl;
        server_name mta-sts.$domain.example;
        location = /.well-known/mta-sts.txt { default_type text/plain; return 200 "$(policy_of "$domain")
"; }
    }
END
    done
    echo "}" >>"$dir/nginx.conf"
}

start_dns() {
    mkdir -p "$dir/knot"
    start_program knotd knotd -c "$dir/knotd.conf"
    local left=$((ready_seconds * 10))
    until is_taken "$dns_address:$dns_port"; do
        still_runs knotd || stop "knotd ended at once: $(tail -n 5 "$dir/knotd.log")"
        ((left-- > 0)) || stop "knotd does not listen on $dns_address port $dns_port. Its log: $dir/knotd.log"
        sleep 0.1
    done
}

start_policy_hosts() {
    if is_taken "$https_address:443"; then
        stop "the demo's policy hosts must be on port 443, and a web server of this machine has that port on all" \
            "addresses (\"ss -ltnp\", as root, tells which). End it for a minute, or give the demo a network of its" \
            "own, as root:
  unshare --net sh -c 'ip link set lo up && $source/packaging/quickstart --demo'"
    fi
    as_root nginx -e "$dir/nginx.log" -c "$dir/nginx.conf" || stop "nginx does not start, see above and $dir/nginx.log"
}

# One row of the table. Fails if the answer is not what it should be.
show_answer() {
    local answer
    answer=$("$bin/sternpost" -c "$config" query "$1.example" 2>&1) || true
    printf '%-19s %s\n%-19s %s\n' "$1.example" "$answer" "" "$(meaning_of "$1")"
    [[ $answer == "$(answer_of "$1")" ]] && return
    printf '%-19s %s\n' "" "NOT AS EXPECTED, which is: $(answer_of "$1")"
    return 1
}

demo() {
    cat <<END
This installs Debian's packages for building sternpost and for the demo (as root or with sudo), among them nginx and Knot,
which are neither started nor enabled; builds it in
$source/build/release,
and starts, with all their files in $dir:
  knotd       the DNS of *.example                   $dns_address port $dns_port
  nginx       the policy hosts, mta-sts.*.example    $https_address port 443 (needs root, or sudo)
  sternpostd  as Postfix asks it                     $listen
All of that is on loopback. $([[ $keep == yes ]] && echo "It is left running." || echo "All of it is ended again.")
END
    ((EUID == 0)) || command -v sudo >/dev/null || stop "port 443 needs root, and there is no sudo: run this as root."
    say "Installing what building, running and the demo need"
    "$source/packaging/build-dependencies" build run demo
    build
    PATH=$PATH:/usr/sbin
    stop_all >/dev/null
    rm -rf "$dir"/{cache,run,knot,nginx-tmp} "$dir"/*.log
    mkdir -p "$dir"/{cache,run}
    echo "$written_anew" >"$config"

    say "Starting the small world"
    [[ $keep == yes ]] || trap 'stop_all >/dev/null' EXIT
    make_dns
    make_certificates 2>"$dir/openssl.log" || stop "openssl could not make the certificates: $(cat "$dir/openssl.log")"
    make_policy_hosts
    start_dns
    start_policy_hosts
    cat >"$config" <<END
$written_anew
listen = ["$listen"]
[dns]
servers = ["$dns_address:$dns_port"]
[answers]
dane = "off" # there is no DNSSEC in the small world
[https]
ca-file = "$dir/ca.pem"
allow-private-addresses = true
[cache]
path = "$dir/cache/cache.db"
[admin]
socket = "$dir/run/admin.sock"
END
    start_sternpostd

    say "Asking as Postfix would: domain, answer, and what that means"
    local domain wrong=0
    for domain in "${domains[@]}" "$never_asked"; do
        show_answer "$domain" || wrong=$((wrong + 1))
    done
    if ((wrong)); then
        printf '\nThe end of the log of sternpostd:\n%s\n' "$(tail -n 20 "$log")"
        stop "$wrong answers are not as expected."
    fi
    say "What sternpostd logged"
    cat "$log"
    if [[ $keep == yes ]]; then
        cat <<END

It goes on running. Ask it:

    $bin/sternpost -c $config query enforce.example
    postmap -q enforce.example socketmap:inet:$listen:sts

and end it with $source/packaging/quickstart --stop --demo$(dir_option)
END
    fi
}
