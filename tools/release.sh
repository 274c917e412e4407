#!/usr/bin/env bash
# Makes the release archives of the commit that is checked out, in dist/: for each platform a tar.gz with the one
# binary, its SBOM (CycloneDX, read from the binary itself), systemd units, the examples for Caddy and nginx, and the docs; and SHA256SUMS.
# The same commit and Go version give the same bytes, in whatever folder: paths are trimmed, times are the commit's, names
# are sorted, owners are 0. Needs GNU tar and gzip.
# environment: PLATFORMS="linux/amd64 …" to make fewer; VERSION to name it otherwise than git describe does.
set -euo pipefail
export LC_ALL=C TZ=UTC CGO_ENABLED=0 GOFLAGS=-mod=readonly GOWORK=off
umask 022

cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [[ -n $(git status --porcelain --untracked-files=no) ]]; then
	echo "files differ from the commit: commit them, a release is made of a commit" >&2
	exit 1
fi
platforms=${PLATFORMS:-linux/amd64 linux/arm64 darwin/amd64 darwin/arm64}
commit=$(git rev-parse HEAD)
version=${VERSION:-$(git describe --tags --always --abbrev=12)}
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
date=$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)
boot=github.com/tasktide/tasktide/apps/internal/boot
sbom=${SBOM_TOOL:-.tools/bin/cyclonedx-gomod}
[[ -x $sbom ]] || { echo "$sbom is missing: tools/install.sh sbom" >&2; exit 1; }

# The web page comes into the binary by go:embed of apps/frontend/web/dist; where that has a build of its own, it is made here,
# before any binary, with the times of its files left to the archive.
if [[ -f apps/frontend/web/package.json ]]; then
	(cd apps/frontend/web && npm ci --ignore-scripts && npm run build)
fi

rm -rf dist
mkdir -p dist
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for platform in $platforms; do
	os=${platform%/*} arch=${platform#*/}
	name=tasktide-$version-$os-$arch
	dir=$work/$name
	mkdir -p "$dir/docs"
	echo "building $name ..." >&2
	GOOS=$os GOARCH=$arch go build -trimpath -buildvcs=false \
		-ldflags "-s -w -buildid= -X $boot.version=$version -X $boot.commit=$commit -X $boot.date=$date" -o "$dir/tasktide" ./apps/tasktide
	"$sbom" bin -json -std -noserial -notimestamp -version "$version" -output "$dir/tasktide.cdx.json" "$dir/tasktide"
	cp LICENSE README.md CHANGELOG.md "$dir/"
	cp docs/*.md "$dir/docs/"
	if [[ $os == linux ]]; then cp deploy/systemd/* deploy/caddy/Caddyfile deploy/nginx/tasktide.conf "$dir/"; fi
	tar --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner --format=ustar --mode=go=rX,u+rw,a-s -C "$work" -cf - "$name" |
		gzip -n -9 >"dist/$name.tar.gz"
	cp "$dir/tasktide.cdx.json" "dist/$name.cdx.json"
done
(cd dist && sha256sum -- * | sort -k 2 >SHA256SUMS)
cat dist/SHA256SUMS
