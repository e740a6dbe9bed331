#!/bin/bash
# Runs as root at each start of the machine, after its data disk is mounted at /mnt/disks/work.
set -euo pipefail
cd /mnt/disks/work
if [ ! -d venv ]; then
  apt-get update -q && apt-get install -qy git python3-venv
  python3 -m venv venv
fi
