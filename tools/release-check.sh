#!/usr/bin/env bash
# Proves that a release is reproducible: makes it twice of the same commit, in two folders, with two build caches, and
# compares every byte. PLATFORMS (default: this machine's) says for which. Cold caches: some minutes each.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
export PLATFORMS=${PLATFORMS:-linux/$(go env GOARCH)} SBOM_TOOL=${SBOM_TOOL:-$root/.tools/bin/cyclonedx-gomod}
for copy in one another/with/a/longer/path; do
	mkdir -p "$work/$copy"
	git clone -q --no-hardlinks "$root" "$work/$copy/tree"
	git -C "$work/$copy/tree" checkout -q --detach "$(git -C "$root" rev-parse HEAD)"
	GOCACHE=$work/$copy/cache "$work/$copy/tree/tools/release.sh" >/dev/null
done
cd "$work/one/tree/dist"
if ! diff -r . "$work/another/with/a/longer/path/tree/dist"; then
	echo "the two releases differ" >&2
	exit 1
fi
sha256sum -c --quiet SHA256SUMS
cat SHA256SUMS
echo "two builds, the same bytes"
