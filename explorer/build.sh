#!/usr/bin/env bash
# Builds the page: the core as WebAssembly, the scripts, and one HTML file of all.
# Usage: build.sh BUILD PAGE   (a folder for what is built, and the file to write)
set -euo pipefail
source=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$1"
build=$(cd "$1" && pwd) page=$2
headers=$build/headers
mkdir -p "$headers"
# The headers that the core needs and emscripten does not bring, by links: no other header of this system may be seen.
for header in Random123 fast_float xxhash.h; do ln -sfn "/usr/include/$header" "$headers/$header"; done

fail() { # LOG
  tail -40 "$build/$1" >&2
  exit 1
}
flags="-O3 -msimd128 -ffp-contract=off -Wno-unused-command-line-argument -isystem $source/explorer/core/headers -isystem $headers"
emcmake cmake -S "$source" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DBIASCOPE_LIBRARY_ALONE=ON -DBIASCOPE_LINEAR_ALGEBRA=eigen \
  -DCMAKE_HAVE_LIBC_PTHREAD=1 -DEigen3_DIR=/usr/share/eigen3/cmake -DRANDOM123_INCLUDE_DIR="$source/explorer/core/headers" -DXXHASH_INCLUDE_DIR="$headers" \
  -DCMAKE_C_FLAGS="$flags" -DCMAKE_CXX_FLAGS="$flags" -DCMAKE_C_FLAGS_RELEASE=-DNDEBUG -DCMAKE_CXX_FLAGS_RELEASE=-DNDEBUG >"$build/configure.log" 2>&1 || fail configure.log
cmake --build "$build" --target explorer >"$build/build.log" 2>&1 || fail build.log

for script in main worker; do
  esbuild "$source/explorer/page/$script.js" --bundle --format=iife --target=es2022 --charset=utf8 --loader:.csv=text \
    --log-level=warning --outfile="$build/$script.js"
done
node "$source/explorer/assemble.mjs" "$source/explorer/page" "$build" "$page"
