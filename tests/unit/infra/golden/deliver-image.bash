main() {
built() {
    set -euo pipefail
    name=supernode tag=flower-supernode:0123456789ab
    # Deliveries that find the image gone come all at once: one builds, the others wait.
    exec 9<"images/$name/Dockerfile"
    if command -v flock >/dev/null; then flock 9; fi
    if ! docker image inspect "$tag" >/dev/null 2>&1; then
        images/build "$name" "$tag" >&2
    fi
    docker image inspect --format '{{.Id}}' "$tag"
}

set -euo pipefail
export LC_ALL=C
tag=flower-supernode:0123456789ab
work=$(mktemp -d)
started=()
clean_up() {
    for pid in "${started[@]}"; do
        kill "$pid" 2>/dev/null || true
    done
    rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

printf '%s' '[one.example.org]:2222 ssh-ed25519 AAAA
172.16.100.4 ssh-ed25519 BBBB
' >"$work/known_hosts"
{
    printf 'Host *\n    UserKnownHostsFile "%s/known_hosts"\n' "$work"
    printf '%s' 'Host *
    BatchMode yes
    IdentitiesOnly yes
    IdentityFile "~/.ssh/my key"
    StrictHostKeyChecking yes
    GlobalKnownHostsFile none
    CheckHostIP no
    UpdateHostKeys no
    Ciphers ^aes128-gcm@openssh.com
    ConnectTimeout 15
    ServerAliveInterval 15
    ServerAliveCountMax 4
    LogLevel ERROR
Host machine
    HostName 172.16.100.4
    User root
    ProxyJump bastion
Host bastion
    HostName one.example.org
    Port 2222
    User deployer
'
} >"$work/config"
id_there() {
    ssh -n -F "$work/config" machine "docker image inspect --format '{{.Id}}' '$tag'"
}

# What is started ends with this shell, even when that is killed: no transfer goes on by itself.
tied() {
    if setpriv --pdeathsig TERM true 2>/dev/null; then
        exec setpriv --pdeathsig TERM "$@"
    fi
    exec "$@"
}

id=$(built)
# Deliveries to many machines begin at once, and sshd turns away what exceeds its MaxStartups (10): try again.
for pause in 2 4 0; do
    answer=0
    there=$(id_there 2>"$work/errors") || answer=$?
    if [ "$answer" -ne 255 ]; then
        break
    fi
    sleep "$pause"
done
if [ "$answer" -eq 255 ]; then
    cat "$work/errors" >&2
    echo "cannot reach the machine at 172.16.100.4 by SSH" >&2
    exit 1
fi
if [ "$there" != "$id" ]; then
    megabytes=$(($(docker image inspect --format '{{.Size}}' "$tag") / 1000000 + 1))
    mkfifo "$work/saved" "$work/sent"
    : >"$work/progress"
    tied docker save "$tag" >"$work/saved" &
    started+=($!)
    tied dd bs=1M status=progress <"$work/saved" >"$work/sent" 2>"$work/progress" &
    started+=($!)
    tied ssh -F "$work/config" machine "docker load --quiet" <"$work/sent" >&2 &
    started+=($!)
    said=-10
    while kill -0 "${started[2]}" 2>/dev/null; do
        sent=$(tr '\r' '\n' <"$work/progress" | awk '/ copied/ { sent = $1 } END { print int(sent / 1000000) }')
        percent=$((100 * sent / megabytes))
        if [ "$percent" -ge $((said + 10)) ]; then
            echo "sending $tag to 172.16.100.4: $sent of about $megabytes MB" >&2
            said=$percent
        fi
        sleep 1
    done
    for pid in "${started[@]}"; do
        if ! wait "$pid"; then
            echo "$tag did not reach 172.16.100.4; the next pulumi up sends it again" >&2
            exit 1
        fi
    done
    there=$(id_there)
fi
echo "$there"
}
main "$@" </dev/null
