#!/bin/bash
# `beforeStop` of a machine: runs as root before each stop, for 30 seconds at most on Spot and about 90 otherwise. It asks
# the training program to write what it has to the data disk and to end (SIGTERM; the program has to heed it), and waits.
set -u
pkill -TERM -f 'train\.py' || exit 0
for _ in $(seq 25); do
  pgrep -f 'train\.py' > /dev/null || break
  sleep 1
done
sync
