#!/usr/bin/env bash
# Fails where a file of the program includes a header of the project's that is neither public nor the program's own.
# Usage: check_includes.sh FILE...
if grep -nE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' "$@" | grep -vE '"(biascope|biascope_study|cli/[a-z_]+)\.h"'; then
  echo 'src/cli may include "biascope.h", "biascope_study.h" and its own headers alone: what it lacks belongs into those' >&2
  exit 1
fi
