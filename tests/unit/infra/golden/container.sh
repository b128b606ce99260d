main() {
set -eu
name=flower-supernode image=flower-supernode:0123456789ab spec=f6268bbaacf50679

start() {
    docker run --detach --label "flower.spec=$spec" \
        --name=flower-supernode \
        --network=host \
        --restart=unless-stopped \
        --stop-timeout=30 \
        --user=49999:49999 \
        --read-only \
        --tmpfs=/tmp:rw,nosuid,nodev,size=512m \
        --cap-drop=ALL \
        --security-opt=no-new-privileges \
        --pids-limit=512 \
        --memory=3712m \
        --log-opt=max-size=10m \
        --log-opt=max-file=3 \
        --env=HOME=/cache \
        --mount=type=bind,source=/srv/flower/data,target=/data,readonly \
        --mount=type=bind,source=/var/lib/flower/cache,target=/cache \
        "$image" \
        --superlink=172.16.100.3:9092 \
        '--node-config=site="agnes" partition-id=0' >/dev/null
}

listening() {
    # A socket in state 0A (LISTEN) on port 9094.
    grep -qs ':2386 [0-9A-F]*:0000 0A' /proc/net/tcp /proc/net/tcp6
}

fail() {
    echo "container $name $1; its last lines:" >&2
    docker logs --tail 30 "$name" >&2 || true
    exit 1
}

await() {
    deadline=$(($(date +%s) + 180))
    until listening; do
        state=$(docker container inspect --format '{{.State.Status}}' "$name")
        restarts=$(docker container inspect --format '{{.RestartCount}}' "$name")
        if [ "$state" = exited ] || [ "$state" = dead ] || [ "$restarts" -ge 2 ]; then
            fail "does not stay up"
        fi
        if [ "$(date +%s)" -ge "$deadline" ]; then
            fail "is up, but nothing listens on port 9094 after 180 s"
        fi
        echo "waiting for $name" >&2
        sleep 1
    done
}

# Images that this one replaces would fill the disk.
forget_other_images() {
    docker image ls --format '{{.Repository}}:{{.Tag}}' "${image%:*}" | while read -r other; do
        if [ "$other" != "$image" ]; then
            docker image rm "$other" >/dev/null 2>&1 || true
        fi
    done
}

# One at a time: a run whose connection was cut may still be at it.
exec 9</run
flock --timeout 120 9
is=$(docker container inspect --format '{{.State.Running}} {{index .Config.Labels "flower.spec"}}' "$name" 2>/dev/null || true)
if [ "$is" != "true $spec" ]; then
    # SIGTERM first: a SuperNode says goodbye to the SuperLink.
    docker stop -t 30 "$name" >/dev/null 2>&1 || true
    docker rm --force "$name" >/dev/null 2>&1 || true
    start
fi
await
forget_other_images
docker container inspect --format '{{.Image}}' "$name"
}
main "$@" </dev/null
