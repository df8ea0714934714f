#!/usr/bin/env bash
# The fast tests on other processors and other linear algebra than this machine's own.
# usage: configurations.sh BUILD [cores|backends|qemu]...   (default: all three; BUILD is a release build)
#   cores     OpenBLAS's kernels for each processor this one can stand for, with one thread and two
#   backends  the reference BLAS and LAPACK, and Eigen, each in a build of its own inside BUILD
#   qemu      a processor without AVX: what training tests, and the bits of runs
set -euo pipefail
source=$(cd "$(dirname "$0")/.." && pwd)
build=$(cd "$1" && pwd)
shift
[ $# -gt 0 ] || set -- cores backends qemu

fast_tests() { ctest --test-dir "$1" -L fast -E "^(core_|consumer)" -j "$(nproc)" --output-on-failure | tail -5; }

cores() {
  local cores=(Haswell Zen Prescott Nehalem Sandybridge)
  if grep -q avx512f /proc/cpuinfo; then cores+=(SkylakeX); fi
  for core in "${cores[@]}"; do
    for threads in 1 2; do
      echo "== $core, $threads threads"
      OPENBLAS_CORETYPE=$core OPENBLAS_NUM_THREADS=$threads fast_tests "$build"
    done
  done
}

backends() {
  for backend in generic eigen; do
    echo "== $backend"
    cmake -S "$source" -B "$build/$backend" -G Ninja -DCMAKE_BUILD_TYPE=Release -DBIASCOPE_LINEAR_ALGEBRA=$backend >/dev/null
    cmake --build "$build/$backend" >/dev/null
    if ldd "$build/$backend/biascope" | grep openblas; then return 1; fi
    fast_tests "$build/$backend"
  done
}

qemu() {
  echo "== qemu, Nehalem"
  export OPENBLAS_CORETYPE=Nehalem BIASCOPE_TEST_DATA=$source/tests/data
  local data=$BIASCOPE_TEST_DATA/gaussian-10x50.csv
  for optimizer in gd ngd signgd signum adam rmsprop adagrad adamw; do
    local run=("$build/biascope" train "$data" --optimizer $optimizer --batch-size 3 --steps 3000 --references none --json)
    cmp <("${run[@]}") <(qemu-x86_64 -cpu Nehalem "${run[@]}")
  done
  for test in "$build"/tests/test_train_{properties,reference,kernel,lanes}; do qemu-x86_64 -cpu Nehalem "$test" 2>&1 | tail -1; done
  local wrapper=$build/biascope-qemu
  printf '#!/bin/sh\nexec qemu-x86_64 -cpu Nehalem "%s" "$@"\n' "$build/biascope" >"$wrapper"
  chmod +x "$wrapper"
  BIASCOPE=$wrapper /usr/bin/python3 -m pytest -q -p no:cacheprovider -n auto -m "not slow" \
    "$source"/tests/cli/test_{readme,solve,contract}.py
}

for part; do "$part"; done
