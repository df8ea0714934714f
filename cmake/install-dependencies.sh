#!/usr/bin/env bash
# Installs the Debian packages that are missing, and only those. Needs root only where something is missing.
set -euo pipefail
packages=(
  gcc g++ libc6-dev make cmake ninja-build pkg-config   # build
  libopenblas-dev liblapacke-dev                        # linear algebra
  librandom123-dev libjansson-dev                       # random numbers, JSON
  gnuplot-nox fonts-dejavu-core                         # figures
  libcmocka-dev libglpk-dev libmpfr-dev                 # tests: framework, independent judges
  python3 python3-pytest python3-numpy python3-scipy python3-sklearn # tests: judges, real data
)
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0
echo "installing: ${missing[*]}" >&2
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
