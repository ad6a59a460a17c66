#!/usr/bin/env bash
# Installs the packages that the build and the tests need, where the user may install; else prints the line to run.
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

missing=()
for need in "${needs[@]}"; do
  package=${need%%:*} proof=${need#*:}
  if [[ $proof == /* ]]; then
    compgen -G "$proof" >/dev/null || missing+=("$package")
  elif [[ $proof == *.h* ]]; then
    [[ -e /usr/include/$proof || -e /usr/local/include/$proof ]] || missing+=("$package")
  else
    command -v "$proof" >/dev/null || missing+=("$package")
  fi
done
[[ ${#missing[@]} -eq 0 ]] && exit 0

install="apt-get install -y --no-install-recommends ${missing[*]}"
if ! command -v apt-get >/dev/null; then
  echo "lathe: missing: ${missing[*]} (Debian's names); install them with your package manager" >&2
  exit 1
fi
if [[ $(id -u) -eq 0 ]]; then
  sudo=""
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
  sudo="sudo -n"
else
  echo "lathe: packages are missing; run: sudo $install" >&2
  exit 1
fi
echo "lathe: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
$sudo apt-get update -qq && $sudo $install -qq >/dev/null
