#!/usr/bin/env bash
# Installs what the tests and local clusters need beside Go's own modules, below .tools/ of this repository:
#   daprd      the Dapr sidecar, built from the Go module tools/daprd
#   sentry     Dapr's certificate authority, of the same module
#   actionlint the linter of .github/workflows, built from the Go module tools/actionlint
#   kafka      the jars of an Apache Kafka server, listed in tools/kafka/pom.xml
#   golangci   golangci-lint, built from the Go module tools/golangci
#   better-auth Better Auth's client and server, the npm packages of tools/better-auth
#   govulncheck the checker for known vulnerabilities, built from the Go module tools/govulncheck; likewise not in "all"
#   sbom       cyclonedx-gomod, built from the Go module tools/sbom; only releases need it, so that it is not in "all"
# usage: tools/install.sh [NAME...]   (default: all). What is there and current is left alone.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
tools=$root/.tools
mkdir -p "$tools/bin"

sum() { cat "$@" | cksum | tr -d ' '; }

need() { # PROGRAM WHAT_TO_DO
	command -v "$1" >/dev/null || { echo "$1 is missing: $2" >&2; exit 1; }
}

# go_tool NAME MODULE PACKAGE BUILD_FLAGS...: builds PACKAGE of the module tools/MODULE unless NAME's stamp says that this was done.
go_tool() {
	local name=$1 package=$3 module=$root/tools/$2
	shift 3
	local binary=$tools/bin/${package##*/} stamp
	stamp="$(sum "$module/go.mod" "$module/go.sum") $*"
	if [[ -x $binary && $(cat "$tools/$name.stamp" 2>/dev/null) == "$stamp" ]]; then return; fi
	need go "install Go $(sed -n 's/^go //p' "$module/go.mod") or later"
	echo "building ${package##*/} (minutes on a cold cache) ..." >&2
	(cd "$module" && GOWORK=off go build -mod=readonly -ldflags='-s -w' "$@" -o "$binary.new" "$package")
	mv "$binary.new" "$binary"
	echo "$stamp" >"$tools/$name.stamp"
}

daprd() { go_tool daprd daprd github.com/dapr/dapr/cmd/daprd -tags stablecomponents; }

sentry() { go_tool sentry daprd github.com/dapr/dapr/cmd/sentry; }

actionlint() { go_tool actionlint actionlint github.com/rhysd/actionlint/cmd/actionlint; }

golangci() { go_tool golangci golangci github.com/golangci/golangci-lint/v2/cmd/golangci-lint; }

sbom() { go_tool sbom sbom github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod -trimpath -buildvcs=false; } # its hash is in the SBOM

govulncheck() { go_tool govulncheck govulncheck golang.org/x/vuln/cmd/govulncheck; }

kafka() {
	local pom=$root/tools/kafka/pom.xml version dir
	version=$(sed -n 's:.*<kafka.version>\(.*\)</kafka.version>.*:\1:p' "$pom")
	dir=$tools/kafka-$version
	if [[ $(cat "$dir/stamp" 2>/dev/null) == "$(sum "$pom")" ]]; then return; fi
	need mvn "install the package maven"
	need java "install a Java 17 runtime (package default-jre-headless)"
	echo "fetching Apache Kafka $version ..." >&2
	rm -rf "$dir.new"
	mvn -q -B -f "$pom" dependency:copy-dependencies -DincludeScope=runtime "-DoutputDirectory=$dir.new/libs" >&2
	sum "$pom" >"$dir.new/stamp"
	rm -rf "$dir"
	mv "$dir.new" "$dir"
}

better_auth() {
	local from=$root/tools/better-auth dir=$tools/better-auth stamp
	stamp=$(sum "$from/package.json" "$from/package-lock.json")
	if [[ $(cat "$dir/stamp" 2>/dev/null) == "$stamp" ]]; then return; fi
	need node "install Node.js 20 or later (package nodejs)"
	need npm "install the package npm"
	echo "fetching Better Auth ..." >&2
	rm -rf "$dir.new"
	mkdir -p "$dir.new"
	cp "$from/package.json" "$from/package-lock.json" "$dir.new/"
	(cd "$dir.new" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2)
	echo "$stamp" >"$dir.new/stamp"
	rm -rf "$dir"
	mv "$dir.new" "$dir"
}

for tool in "${@:-daprd sentry kafka golangci actionlint better-auth}"; do
	for name in $tool; do
		case $name in
		daprd | sentry | kafka | golangci | actionlint | govulncheck | sbom) "$name" ;;
		better-auth) better_auth ;;
		*) echo "unknown tool $name" >&2; exit 2 ;;
		esac
	done
done
