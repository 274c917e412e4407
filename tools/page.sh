#!/usr/bin/env bash
# Builds the web page into apps/frontend/web/dist, where the next Go build embeds it; does nothing when what is there is
# current. Needs Node.js; root on Debian gets it installed.
set -euo pipefail
cd "$(dirname "$0")/../apps/frontend/web"

wanted=20.19
stamp=node_modules/.page-built-of

# Of everything that the build reads.
fingerprint() {
  { find . -type d \( -name node_modules -o -name dist -o -name e2e -o -name test-results -o -name playwright-report \) -prune \
      -o -type f ! -name '*.go' ! -name '*.test.*' ! -name '*.md' -print0; printf '%s\0' ../../../docs/openapi.json; } |
    sort -z | xargs -0 sha256sum | sha256sum
}

node_is_good() {
  command -v node >/dev/null && command -v npm >/dev/null &&
    [ "$(printf '%s\n' "$wanted" "$(node --version | tr -d v)" | sort -V | head -1)" = "$wanted" ]
}

now=$(fingerprint)
if [ -f dist/index.html ] && [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$now" ]; then
  exit 0
fi

if ! command -v node >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "The web page is built with Node.js, which is not there: installing it." >&2
  apt-get update -qq >&2 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nodejs npm >&2 || true
fi
if ! node_is_good; then
  echo "The web page is not built: that takes Node.js $wanted or later and npm ($(node --version 2>/dev/null || echo 'there is none'))." >&2
  exit 1
fi

# npm ci leaves this file; a lock that is newer means other packages.
if [ ! -f node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-audit --no-fund --loglevel=error >&2
  touch node_modules/.package-lock.json
fi
npm run --silent build >&2
echo "$now" > "$stamp"
