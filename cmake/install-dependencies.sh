#!/usr/bin/env bash
# Installs the Debian packages that are missing, and only those; needs root (or sudo) only where something is missing.
# Usage: install-dependencies.sh [build|bench|coverage|explorer|fuzz|lint|python|slow|portable]   (build, the default, is all that the tests and figures need)
set -euo pipefail
build=(
  gcc g++ libc6-dev make cmake ninja-build pkg-config   # build
  libopenblas-dev                                       # linear algebra
  librandom123-dev libjansson-dev                       # random numbers, JSON
  libfast-float-dev libarchive-dev                      # data: numbers in text, compressed files
  libxxhash-dev libsqlite3-dev libtomlplusplus-dev      # studies: fingerprints, the store, specifications
  gnuplot-nox fonts-dejavu-core                         # figures
  help2man                                              # man pages
  libcmocka-dev libglpk-dev libmpfr-dev locales         # tests: framework, independent judges, a decimal comma
  python3 python3-pytest python3-pytest-xdist python3-numpy python3-scipy python3-sklearn python3-pandas # tests: judges, real data
)
bench=(python3-venv)
coverage=(gcovr)
explorer=(emscripten esbuild nodejs cmake ninja-build pkg-config # a C compiler for browsers, and what joins the scripts
  libeigen3-dev librandom123-dev libfast-float-dev libxxhash-dev)
fuzz=(clang libclang-rt-14-dev)
slow=(libblas-dev liblapack-dev libeigen3-dev qemu-user # other linear algebra, other processors
  python3-venv                                          # the Python package
  chromium openmpi-bin libopenmpi-dev strace valgrind) # reports in a browser, sweeps over ranks, failing system calls
lint=(clang-format clang-tidy cppcheck)
python=(libeigen3-dev python3-venv) # the Python package, beside its headers in `build`
portable=(clang libeigen3-dev qemu-user python3-venv g++-aarch64-linux-gnu # other compilers and C libraries, 64-bit Arm
  libarchive-dev:arm64 libcmocka-dev:arm64 libglpk-dev:arm64 libjansson-dev:arm64 libmpfr-dev:arm64 libsqlite3-dev:arm64
  libtomlplusplus-dev:arm64)

group=${1:-build}
case $group in build | bench | coverage | explorer | fuzz | lint | python | slow | portable) ;; *)
  echo "install-dependencies.sh: unknown group '$group'; expected build, bench, coverage, explorer, fuzz, lint, python, slow or portable" >&2
  exit 1
  ;;
esac
declare -n packages=$group

missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || {
    echo "as root, run: apt-get install ${missing[*]}" >&2
    exit 1
  }
  root=(sudo)
fi
echo "installing: ${missing[*]}" >&2
[[ "${missing[*]}" != *:arm64* ]] || "${root[@]}" dpkg --add-architecture arm64
# A third-party source that does not answer must not stop the install: Debian's own lists are what counts.
"${root[@]}" apt-get update -qq || echo "apt-get update reported errors; going on with the lists there are" >&2
"${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
