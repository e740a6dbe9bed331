#!/bin/sh
# Pulls the image of the machine's container as the machine's own service account; what runs it follows below.
set -eu
# The root file system of Container-Optimized OS is read-only, so docker's credentials go here.
export DOCKER_CONFIG=/var/lib/coursecloud/docker
mkdir -p "$DOCKER_CONFIG"
case "$REGISTRY" in
*-docker.pkg.dev | gcr.io | *.gcr.io)
  # Google's registries take the machine's own token, which is short-lived and goes no further than this pipe.
  # Other registries must never see it.
  curl -sf -H 'Metadata-Flavor: Google' \
    http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token |
    sed 's/.*"access_token":"\([^"]*\)".*/\1/' |
    docker login -u oauth2accesstoken --password-stdin "https://$REGISTRY"
  ;;
esac
docker pull "$IMAGE"
rm -rf "$DOCKER_CONFIG"
docker rm -f work 2>/dev/null || true
