#!/usr/bin/env bash
# Installs the build tree given, builds C and C++ programs against the copy (CMake and pkg-config), runs them.
set -euo pipefail
build=$1
source=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$build" --prefix "$work/prefix" >/dev/null

cmake -S "$source" -B "$work/build" -G Ninja -DCMAKE_PREFIX_PATH="$work/prefix" >/dev/null
cmake --build "$work/build" >/dev/null
for program in "$work"/build/consumer_*; do [ -x "$program" ] && [ -f "$program" ] && "$program"; done

library=$(dirname "$(find "$work/prefix" -name libbiascope.so)")
export PKG_CONFIG_PATH="$library/pkgconfig" LD_LIBRARY_PATH="$library"
for compiler in "gcc $source/consumer.c" "g++ -std=c++17 $source/consumer.cpp"; do
  # shellcheck disable=SC2046,SC2086 # the flags are words
  $compiler -o "$work/by_pkg_config" $(pkg-config --cflags --libs biascope)
  "$work/by_pkg_config"
done

# One version, whomever one asks.
version=$("$work/prefix/bin/biascope" --version)
[ "${version##* }" = "$(pkg-config --modversion biascope)" ] || { echo "pkg-config's version is not that of $version" >&2; exit 1; }
grep -qx "biascope_VERSION:[A-Z]*=${version##* }" "$work/build/CMakeCache.txt" || { echo "CMake's version is not that of $version" >&2; exit 1; }

# An installed program finds what it starts.
"$work/prefix/libexec/biascope/biascope-bench" extra 2>/dev/null && exit 1
env -u LD_LIBRARY_PATH timeout 0.2 "$work/prefix/bin/biascope" bench 2>"$work/bench" || grep "cannot be started" "$work/bench" && exit 1

# The shared libraries export biascope_ functions, and what one of them lends the other under a version of its own.
for library_file in "$library"/libbiascope.so "$library"/libbiascope_study.so; do
  others=$(nm -D --defined-only --with-symbol-versions "$library_file" |
    awk '$3 !~ /^biascope_/ && $3 !~ /@@BIASCOPE_PRIVATE$/ && $3 !~ /^BIASCOPE_/ {print $3}')
  [ -z "$others" ] || { echo "$library_file exports beyond biascope_: $others" >&2; exit 1; }
done

# The library proper asks for nothing but C and linear algebra; the program is a client of both libraries, found beside it.
needed() { readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(lib[a-z_]*\)[-.].*/\1/p' | sort | tr '\n' ' '; }
if grep -q 'BIASCOPE_LINEAR_ALGEBRA:.*=openblas' "$build/CMakeCache.txt"; then
  [ "$(needed "$library/libbiascope.so")" = "libc libm libopenblas " ] || { echo "libbiascope needs $(needed "$library/libbiascope.so")" >&2; exit 1; }
fi
for wanted in libbiascope libbiascope_study; do
  needed "$work/prefix/bin/biascope" | grep -qw "$wanted" || { echo "the program does not need $wanted" >&2; exit 1; }
done
env -u LD_LIBRARY_PATH "$work/prefix/bin/biascope" generate gaussian --samples 3 --features 5 --out "$work/data.csv" --json >/dev/null

# A man page for every command, with every flag it takes; completion offers the same.
for command in $("$work/prefix/bin/biascope" --help | sed -n 's/^  \([a-z]\+\) .*/\1/p'); do
  page="$work/prefix/share/man/man1/biascope-$command.1"
  for flag in $("$work/prefix/bin/biascope" "$command" --help | grep -oE '^ +(-., +)?--[a-z0-9-]+' | grep -oE -- '--[a-z0-9-]+'); do
    grep -qF -- "${flag//-/\\-}" "$page" || { echo "$page lacks $flag" >&2; exit 1; }
  done
done
PATH="$work/prefix/bin:$PATH" bash -c '
  source "$1/share/bash-completion/completions/biascope"
  complete_words() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _biascope; echo "${COMPREPLY[*]}"; }
  [ "$(complete_words biascope sol)" = solve ] && [ "$(complete_words biascope train --resu)" = --resume ]
' _ "$work/prefix" || { echo "completion does not complete" >&2; exit 1; }
