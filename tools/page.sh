#!/usr/bin/env bash
# Builds the web page into apps/frontend/web/dist, where the next Go build embeds it; does nothing when what is there is
# current. Needs Node.js; root on Debian gets it installed, where Debian's is recent enough.
set -euo pipefail
cd "$(dirname "$0")/../apps/frontend/web"

wanted=20.19
# In dist itself, which a build empties first: so it is always of the page that it lies beside.
stamp=dist/.built-of

sha=(sha256sum)
command -v sha256sum >/dev/null || sha=(shasum -a 256) # as on macOS

# Of everything that the build reads.
fingerprint() {
  { find . -type d \( -name node_modules -o -name dist -o -name e2e -o -name test-results -o -name playwright-report \) -prune \
      -o -type f ! -name '*.go' ! -name '*.test.*' ! -name '*.md' -print0; printf '%s\0' ../../../docs/openapi.json; } |
    LC_ALL=C sort -z | xargs -0 "${sha[@]}" | "${sha[@]}"
}

recent() { # VERSION
  [[ $1 =~ ^v?([0-9]+)\.([0-9]+) ]] || return 1
  local major=${BASH_REMATCH[1]} minor=${BASH_REMATCH[2]}
  ((major > ${wanted%.*} || (major == ${wanted%.*} && minor >= ${wanted#*.})))
}

# The version that apt would install.
candidate() {
  if command -v apt-cache >/dev/null; then LC_ALL=C apt-cache policy nodejs | sed -n 's/^ *Candidate: \([^(].*\)/\1/p'; fi
}

install_node() {
  echo "The web page is built with Node.js, which is not there: looking for it with apt." >&2
  apt-get update -qq >&2 || return 0
  recent "$(candidate)" || return 0
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nodejs >&2 || return 0
  command -v npm >/dev/null || DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends npm >&2 || return 0
}

advice() {
  local version
  version=$(candidate)
  if recent "$version"; then
    echo "Install it: sudo apt-get install nodejs npm"
  elif [ "$(uname -s)" = Darwin ]; then
    echo "Install it: brew install node, or from https://nodejs.org"
  else
    echo "${version:+apt has $version only. }Install it from https://nodejs.org, or with a version manager (nvm install 22)."
  fi
}

now=$(fingerprint)
if [ -f dist/index.html ] && [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$now" ]; then
  exit 0
fi

if ! command -v node >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  install_node
fi
there=$(node --version 2>/dev/null || true)
if ! recent "$there" || ! command -v npm >/dev/null; then
  if recent "$there"; then there="$there without npm"; fi
  echo "The web page is not built: that takes Node.js $wanted or later with npm, and here is ${there:-none}. $(advice)" >&2
  exit 1
fi

# npm ci leaves this file; a lock that is newer means other packages.
if [ ! -f node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-audit --no-fund --loglevel=error >&2
  touch node_modules/.package-lock.json
fi
rm -f "$stamp"
npm run --silent build >&2
echo "$now" > "$stamp"
