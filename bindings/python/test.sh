#!/usr/bin/env bash
# Installs the package into a fresh virtual environment and runs its tests there. usage: test.sh FOLDER [PYTHON]
# Where BIASCOPE names the program, training is compared with it to the bit.
set -euo pipefail
source=$(cd "$(dirname "$0")/../.." && pwd)
folder=$1 python=${2:-python3}
rm -rf "$folder" && "$python" -m venv "$folder"
"$folder/bin/pip" install --quiet "$source[sklearn,plot,progress,studies]" pytest mypy polars nbclient nbformat ipykernel
[ -z "${BIASCOPE_TORCH:-}" ] || "$folder/bin/pip" install --quiet torch # a large package: only where asked for
cd "$folder" # not where a folder named biascope lies
exec "$folder/bin/python" -m pytest -q -p no:cacheprovider "$source/bindings/python/tests"
