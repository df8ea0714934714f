#!/usr/bin/env bash
# The fast tests on other processors and other linear algebra than this machine's own.
# usage: configurations.sh BUILD [cores|backends|qemu|clang|musl|aarch64]...   (default: all; BUILD is a release build)
#   cores     OpenBLAS's kernels for each processor this one can stand for, with one thread and two
#   backends  the reference BLAS and LAPACK, and Eigen, each in a build of its own inside BUILD
#   qemu      a processor without AVX: what training tests, and the bits of runs
#   clang     clang's build with Eigen
#   musl      libbiascope alone, with Eigen, by another clang for another C library: the bits of runs
#   aarch64   64-bit Arm with Eigen: the C programs of the tests, and the bits of runs
set -euo pipefail
source=$(cd "$(dirname "$0")/.." && pwd)
build=$(cd "$1" && pwd)
shift
[ $# -gt 0 ] || set -- cores backends qemu clang musl aarch64
case " $* " in *\ clang\ * | *\ musl\ * | *\ aarch64\ *) "$source"/cmake/install-dependencies.sh portable ;; esac

fast_tests() { ctest --test-dir "$1" -L fast -E "^(core_|consumer|$2)" -j "$(nproc)" --output-on-failure | grep -E "tests passed|FAILED|^E  |\*\*\*|Total"; }

# A build of its own with Eigen, of these options.
build_with_eigen() { # NAME OPTION...
  local name=$1
  shift
  echo "== $name"
  cmake -S "$source" -B "$build/$name" -G Ninja -DCMAKE_BUILD_TYPE=Release -DBIASCOPE_LINEAR_ALGEBRA=eigen "$@" >/dev/null
  cmake --build "$build/$name" >/dev/null
}

# The bits that this machine's own build trains to.
compare_bits() { # COMMAND...
  cc -I "$source/include" "$source/tests/portable/training_bits.c" -o "$build/training_bits" -L "$build" -lbiascope -Wl,-rpath,"$build"
  "$build/training_bits" >"$build/bits"
  "$@" | cmp - "$build/bits"
  echo "$(wc -l <"$build/bits") runs, the same bits"
}

cores() {
  local cores=(Haswell Zen Prescott Nehalem Sandybridge)
  if grep -q avx512f /proc/cpuinfo; then cores+=(SkylakeX); fi
  for core in "${cores[@]}"; do
    for threads in 1 2; do
      echo "== $core, $threads threads"
      OPENBLAS_CORETYPE=$core OPENBLAS_NUM_THREADS=$threads fast_tests "$build" none
    done
  done
}

backends() {
  for backend in generic eigen; do
    echo "== $backend"
    cmake -S "$source" -B "$build/$backend" -G Ninja -DCMAKE_BUILD_TYPE=Release -DBIASCOPE_LINEAR_ALGEBRA=$backend >/dev/null
    cmake --build "$build/$backend" >/dev/null
    if ldd "$build/$backend/biascope" | grep openblas; then return 1; fi
    fast_tests "$build/$backend" none
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
  for test in "$build"/tests/test_train_{properties,reference,kernel,together}; do qemu-x86_64 -cpu Nehalem "$test" 2>&1 | tail -1; done
  local wrapper=$build/biascope-qemu
  printf '#!/bin/sh\nexec qemu-x86_64 -cpu Nehalem "%s" "$@"\n' "$build/biascope" >"$wrapper"
  chmod +x "$wrapper"
  BIASCOPE=$wrapper /usr/bin/python3 -m pytest -q -p no:cacheprovider -n auto -m "not slow" \
    "$source"/tests/cli/test_{readme,solve,contract}.py
}

clang() {
  build_with_eigen clang -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++
  fast_tests "$build/clang" none
}

# Zig brings clang, musl and a C++ library for it. Headers apart from the C library's own are given by links.
musl() {
  local headers=$build/headers zig=$build/zig
  [ -x "$zig/bin/python" ] || python3 -m venv "$zig"
  "$zig/bin/pip" install --quiet ziglang
  mkdir -p "$headers"
  for header in Random123 fast_float xxhash.h; do ln -sfn "/usr/include/$header" "$headers/$header"; done
  for language in cc c++; do
    printf '#!/bin/sh\nexec "%s" -m ziglang %s -target x86_64-linux-musl -isystem "%s" "$@"\n' "$zig/bin/python" $language "$headers" >"$build/zig-$language"
    chmod +x "$build/zig-$language"
  done
  build_with_eigen musl -DBIASCOPE_LIBRARY_ALONE=ON -DCMAKE_C_COMPILER="$build/zig-cc" -DCMAKE_CXX_COMPILER="$build/zig-c++" \
    -DRANDOM123_INCLUDE_DIR="$headers" -DXXHASH_INCLUDE_DIR="$headers"
  compare_bits "$build/musl/training_bits"
}

aarch64() {
  build_with_eigen aarch64 --toolchain "$source/cmake/aarch64.cmake"
  fast_tests "$build/aarch64" cli
  aarch64-linux-gnu-gcc -I "$source/include" "$source/tests/portable/training_bits.c" -o "$build/aarch64/training_bits" \
    -L "$build/aarch64" -lbiascope -Wl,-rpath,"$build/aarch64"
  compare_bits qemu-aarch64 "$build/aarch64/training_bits"
}

for part; do "$part"; done
