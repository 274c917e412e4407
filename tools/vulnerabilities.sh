#!/usr/bin/env bash
# Asks for known vulnerabilities: govulncheck of the programs (what their code really calls), npm audit of the page (all that it is built of).
# Both need data from outside. Where it can't be reached nothing was checked, and the last lines say so; that is a failure with
# VULNERABILITIES_REQUIRED=1, as the workflow sets it.
# usage: tools/vulnerabilities.sh; GOVULNCHECK and NPM name other programs
# exit code: 0 none known (or not checked), 1 some, 2 not checked and required
set -uo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
output=$(mktemp)
trap 'rm -f "$output"' EXIT
found=0 unchecked=0 verdicts=()

verdict() { # WHAT none|some|not
	case $2 in
	none) verdicts+=("$1: none known") ;;
	some) verdicts+=("$1: SOME KNOWN, see above") found=1 ;;
	*) verdicts+=("$1: NOT CHECKED, see above") unchecked=1 ;;
	esac
}

programs() {
	local check=${GOVULNCHECK:-.tools/bin/govulncheck}
	if [[ -z ${GOVULNCHECK:-} ]] && ! tools/install.sh govulncheck; then
		verdict "programs (govulncheck)" not
		return
	fi
	"$check" ./apps/... >"$output" 2>&1
	local code=$?
	cat "$output"
	case $code in
	0) verdict "programs (govulncheck)" none ;;
	3) verdict "programs (govulncheck)" some ;; # its own code for it
	*) verdict "programs (govulncheck)" not ;;
	esac
}

page() {
	(cd apps/frontend/web && "${NPM:-npm}" audit --include=dev --json) >"$output" 2>/dev/null
	# A failure is JSON, too, and has the same exit code as vulnerabilities.
	case $(jq -r 'if .auditReportVersion == null or .metadata.vulnerabilities.total == null then "not" elif .metadata.vulnerabilities.total == 0 then "none" else "some" end' "$output" 2>/dev/null) in
	none) verdict "page (npm audit)" none ;;
	some)
		jq -r '.vulnerabilities[] | "\(.severity): \(.name) \(.range), \([.via[] | if type == "object" then .url else "by way of " + . end] | join(", "))"' "$output"
		verdict "page (npm audit)" some
		;;
	*)
		cat "$output"
		verdict "page (npm audit)" not
		;;
	esac
}

programs
page
printf '%s\n' "" "${verdicts[@]}"
if ((found)); then exit 1; fi
if ((unchecked)); then
	echo "What was not checked may have any: nothing was said about it."
	[[ ${VULNERABILITIES_REQUIRED:-} == 1 ]] && exit 2
fi
exit 0
