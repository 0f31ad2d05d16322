#!/usr/bin/env bash
# Makes tests/fixtures/layout, the image that the tests and `npm start` pull: `hello:1.0`, an index of
# linux/amd64 and linux/arm64, each with a configuration and two layers. buildah writes every byte of the
# documents, so that the tests read what a real tool produces. The result is committed; run this again only
# to change the image (Debian: apt-get install buildah skopeo openssl), because buildah's version shows in it.
set -euo pipefail
cd "$(dirname "$0")/.."

layout=tests/fixtures/layout
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
buildah_() { buildah --root "$work/storage" --runroot "$work/run" "$@"; }

epoch=1700000000 # 2023-11-14T22:13:20Z
mkdir -p "$work/greeting/bin" "$work/data"
printf '#!/bin/sh\necho "Hello from the pier."\n' >"$work/greeting/bin/hello"
chmod 755 "$work/greeting/bin/hello"
printf 'The outermost end of a pier, where ships meet the shore.\n' >"$work/greeting/README"

buildah_ manifest create hello:1.0
for arch in amd64 arm64; do
  # 40 KB that do not compress and do not change from run to run: the key stream of a fixed key. Bigger than
  # one chunk of most streams in one layer, and different for each platform, so that no layer is shared by chance.
  head -c 40000 /dev/zero | openssl enc -aes-128-ctr -pass "pass:pierhead-$arch" -nosalt -pbkdf2 >"$work/data/ballast"
  find "$work/greeting" "$work/data" -exec touch -d "@$epoch" {} +

  container=$(buildah_ from --arch "$arch" scratch)
  buildah_ copy "$container" "$work/greeting" /
  buildah_ config --arch "$arch" --os linux --cmd /bin/hello --workingdir / \
    --created-by "copy greeting" \
    --label org.opencontainers.image.title=hello \
    --annotation org.opencontainers.image.description="The image that Pierhead's tests pull" "$container"
  base=$(buildah_ commit --quiet --format oci --timestamp "$epoch" "$container")

  container=$(buildah_ from --arch "$arch" "$base")
  buildah_ copy "$container" "$work/data" /data
  buildah_ config --created-by "copy data" "$container"
  image=$(buildah_ commit --quiet --format oci --timestamp "$epoch" "$container")
  buildah_ manifest add --arch "$arch" --os linux hello:1.0 "$image"
done

rm -rf "$layout"
buildah_ manifest push --all --format oci hello:1.0 "oci:$layout:1.0"
skopeo inspect --raw "oci:$layout:1.0"
du -sb "$layout"
