#!/usr/bin/env bash
# Writes the man pages, biascope.1 and one a command, from what the program says of itself. Usage: manual.sh PROGRAM DIRECTORY
set -euo pipefail
program=$1 directory=$2
mkdir -p "$directory"
version=$("$program" --version)
page() { # NAME SUMMARY EXECUTABLE
  help2man --no-info --no-discard-stderr --name="$2" --version-string="${version#* }" --manual="biascope" \
    --source="$version" --output="$directory/$1.1" "$3"
}
page biascope "which classifier does training find?" "$program"
"$program" --help | sed -n 's/^  \([a-z]\+\) \+\(.*\)/\1 \2/p' | while read -r command summary; do
  page "biascope-$command" "$summary" "$program $command"
done
