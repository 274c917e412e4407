#!/bin/bash
# Fuzzes every target for the given time, or number of inputs (3000x). With a short time Go reports "context deadline
# exceeded" of a target that found nothing, when the machine is busy at its end; a number has no such end. A package is
# compiled once for all its targets.
set -euo pipefail
cd "$(dirname "$0")/.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cache=$(go env GOCACHE)/fuzz
for package in $(grep -rl --include='*_test.go' '^func Fuzz' adapters apps core ports test | xargs -n1 dirname | sort -u); do
  go test -c -fuzz=Fuzz -o "$dir/fuzz.test" "./$package"
  for target in $(grep -hoE '^func Fuzz\w+' "$package"/*_test.go | sed 's/func //'); do
    echo "$package $target"
    (cd "$package" && "$dir/fuzz.test" -test.run xxx -test.fuzz "^$target\$" -test.fuzztime "$1" -test.fuzzminimizetime 10x -test.fuzzcachedir "$cache/github.com/tasktide/tasktide/$package" 2>&1) |
      grep -vE '^(PASS|fuzz: elapsed)' || [ "${PIPESTATUS[0]}" = 0 ]
  done
done
