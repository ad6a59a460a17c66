#!/usr/bin/env bash
# Installs the packages that the build and the tests need, where the user may install; else prints the line to run.
# What the tests can do without (they say what they skip) comes along where it can be installed, and stops nothing.
# FLAVOUR: of the build (Makefile); tsan and fuzz need Clang too.
set -euo pipefail

# package:what shows that it is there
needs=(
  "g++:g++" "make:make"
  "nlohmann-json3-dev:nlohmann/json.hpp" "libcli11-dev:CLI/CLI.hpp"
  "libutf8proc-dev:utf8proc.h" "libxxhash-dev:xxhash.h" "liblz4-dev:lz4frame.h" "libzstd-dev:zstd.h" "zlib1g-dev:zlib.h"
  "libgtest-dev:gtest/gtest.h" "libbenchmark-dev:benchmark/benchmark.h"
)
if [[ ${FLAVOUR:-} == @(tsan|fuzz) ]]; then
  needs+=("clang:clang++" "libomp-dev:/usr/lib/llvm-*/lib/libomp.so"
    "libclang-rt-dev:/usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.tsan-x86_64.a")
fi

wishes=("valgrind:valgrind")  # counts instructions (scripts/guards.sh)

is_there() {
  if [[ $1 == /* ]]; then
    compgen -G "$1" >/dev/null
  elif [[ $1 == *.h* ]]; then
    [[ -e /usr/include/$1 || -e /usr/local/include/$1 ]]
  else
    command -v "$1" >/dev/null
  fi
}

missing=() status=0  # to end with where what is missing cannot be installed
for need in "${needs[@]}"; do
  is_there "${need#*:}" || missing+=("${need%%:*}") status=1
done
for wish in "${wishes[@]}"; do
  is_there "${wish#*:}" || missing+=("${wish%%:*}")
done
[[ ${#missing[@]} -eq 0 ]] && exit 0

install="apt-get install -y --no-install-recommends ${missing[*]}"
if ! command -v apt-get >/dev/null; then
  echo "lathe: missing: ${missing[*]} (Debian's names); install them with your package manager" >&2
  exit $status
fi
if [[ $(id -u) -eq 0 ]]; then
  sudo=""
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
  sudo="sudo -n"
else
  echo "lathe: packages are missing; run: sudo $install" >&2
  exit $status
fi
echo "lathe: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update -qq && $sudo $install -qq >/dev/null || exit $status
