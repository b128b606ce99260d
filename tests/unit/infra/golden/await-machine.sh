main() {
set -eu
log=/var/log/flower-start.log
deadline=$(($(date +%s) + 900))
fail() {
    echo "$1" >&2
    echo "last lines of $log:" >&2
    tail -n 30 "$log" >&2 || true
    exit 1
}
until [ -e /run/flower-start.done ] && docker info >/dev/null 2>&1; do
    if [ -e /run/flower-start.failed ]; then
        fail "the machine's start script failed"
    fi
    if [ "$(date +%s)" -ge "$deadline" ]; then
        if [ ! -e "$log" ]; then
            fail "the start script never ran: the image lacks OpenNebula's contextualization (package one-context)"
        fi
        fail "Docker did not answer within 15 minutes"
    fi
    echo "waiting for Docker: $(tail -n 1 "$log" 2>/dev/null || echo 'the start script has not begun')" >&2
    sleep 2
done
if [ ! -d /srv/flower/data ]; then
    install -d -o root -g 49999 -m 0750 /srv/flower/data
fi
if ! setpriv --reuid 49999 --regid 49999 --clear-groups test -r /srv/flower/data -a -x /srv/flower/data; then
    fail 'the containers'"'"' user 49999 cannot read /srv/flower/data: give its group 49999 and mode 0750'
fi
install -d -o 49999 -g 49999 -m 0700 /var/lib/flower/cache
docker version --format '{{.Server.Version}}'
}
main "$@" </dev/null
