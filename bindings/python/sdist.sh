#!/usr/bin/env bash
# Makes the source package: the library, the bindings, and in third_party/prefix the headers of others that they are
# compiled with, as Debian has them, so that it builds where there is no network. usage: sdist.sh FOLDER [PYTHON]
# The interpreter needs scikit-build-core.
set -euo pipefail
source=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd) python=${2:-python3}
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
cd "$source"
cp -r include src cmake CMakeLists.txt pyproject.toml README.md LICENSE "$stage"
mkdir -p "$stage/bindings" "$stage/third_party/prefix/include" "$stage/third_party/prefix/share/eigen3"
cp -r bindings/python "$stage/bindings"
find "$stage" -name __pycache__ -prune -exec rm -rf {} +
cd /usr/include
cp -r Random123 fast_float xxhash.h xxh3.h "$stage/third_party/prefix/include"
mkdir "$stage/third_party/prefix/include/eigen3"
cp -r eigen3/Eigen "$stage/third_party/prefix/include/eigen3"
cp -r /usr/share/eigen3/cmake "$stage/third_party/prefix/share/eigen3"
for package in libeigen3-dev librandom123-dev libfast-float-dev libxxhash-dev; do # their licences
  mkdir -p "$stage/third_party/prefix/share/doc/$package"
  cp "/usr/share/doc/$package/copyright" "$stage/third_party/prefix/share/doc/$package"
done
cd "$stage"
"$python" -c 'import scikit_build_core.build as build, sys; print(build.build_sdist(sys.argv[1]))' "$folder"
