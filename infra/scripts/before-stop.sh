#!/bin/sh
# Lets systemd run the group's script in the machine's container before the machine stops. The shutdown script that
# Google knows would come too late: nothing orders it before docker, which ends its containers at the same time.
set -eu
mkdir -p "$RUN/coursecloud" "$RUN/systemd/system"
cat > "$RUN/coursecloud/before-stop" <<'SCRIPT'
# $1 a folder to write to, $2 and $3 the seconds for the script and for the container's own end
script="$1/script"
curl -sf -H 'Metadata-Flavor: Google' \
  http://metadata.google.internal/computeMetadata/v1/instance/attributes/before-stop > "$script" || exit 0
first=$(head -n 1 "$script")
case "$first" in
'#!'*) shell=${first#??} ;;
*) shell=/bin/sh ;;
esac
# Of the shell the words are apart: it may be `/usr/bin/env bash`.
timeout "$2" docker exec --interactive work $shell < "$script" || true
docker stop --time "$3" work
SCRIPT
cat > "$RUN/systemd/system/coursecloud-before-stop.service" <<UNIT
[Unit]
Description=The group's script before this machine stops
# What starts after docker stops before it, while the container and the network are there.
After=docker.service containerd.service network-online.target
[Service]
Type=oneshot
RemainAfterExit=true
ExecStart=/bin/true
ExecStop=/bin/sh $RUN/coursecloud/before-stop $RUN/coursecloud $SECONDS_SCRIPT $SECONDS_CONTAINER
TimeoutStopSec=$((SECONDS_SCRIPT + SECONDS_CONTAINER + 3))
UNIT
systemctl daemon-reload
# This runs while the machine starts: to wait for another unit here could be to wait for itself.
systemctl start --no-block coursecloud-before-stop.service
