#!/usr/bin/env bash
# Builds the page again, compares it with the committed one, and tests it in Chromium; fetches its test tools from npm.
# Usage: run.sh BUILD   (a release build of the whole project)
set -euo pipefail
source=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
"$source"/cmake/install-dependencies.sh explorer
"$source"/cmake/install-dependencies.sh slow
mkdir -p "$build/explorer"
"$source"/explorer/build.sh "$build/explorer" "$build/explorer/explorer.html"
cmp "$build/explorer/explorer.html" "$source/docs/explorer.html" || { echo "docs/explorer.html is not what the sources give: make explorer" >&2; exit 1; }

cc -I "$source/include" "$source/tests/portable/training_bits.c" -o "$build/training_bits" -L "$build" -lbiascope -Wl,-rpath,"$build"
"$build/training_bits" >"$build/explorer/native.bits"

cp "$source"/explorer/tests/*.mjs "$source"/explorer/tests/package*.json "$build/explorer/"
cd "$build/explorer"
npm ci --silent --no-audit --no-fund
PAGE=$source/docs/explorer.html BITS=$build/explorer/native.bits node --test --test-concurrency=1 *.test.mjs
