#!/bin/sh
# Mounts the machine's data disk at /mnt/disks/work, and formats it the first time only.
set -eu
disk=/dev/disk/by-id/google-work
work=/mnt/disks/work
for _ in 1 2 3 4 5 6 7 8 9 10; do [ -e "$disk" ] && break; sleep 2; done
# An empty answer of blkid means no file system: only then is there nothing to lose.
[ -n "$(blkid -o value -s TYPE "$disk" || true)" ] || mkfs.ext4 -q -m 0 "$disk"
mkdir -p "$work"
mountpoint -q "$work" || mount -o discard,defaults "$disk" "$work"
# The disk may have grown since the last start.
resize2fs "$disk" 2>/dev/null || true
# Whoever logs in works here; OS Login gives each member a user of their own.
chmod 1777 "$work"
