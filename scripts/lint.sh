#!/usr/bin/env bash
# Formatting and static analysis of every source file. Needs clang-format and clang-tidy.
set -euo pipefail
cd "$(dirname "$0")/.."

for tool in clang-format clang-tidy; do
  command -v $tool >/dev/null || { echo "lathe: $tool is missing; run: sudo apt-get install $tool" >&2; exit 1; }
done
mapfile -t sources < <(git ls-files '*.cpp' '*.h')
clang-format --dry-run -Werror "${sources[@]}"
scripts/check_includes.sh
mapfile -t units < <(git ls-files '*.cpp' | grep -vE '^(kernels/cpu|tests/fuzz)/')
printf '%s\n' "${units[@]}" | xargs -P "$(nproc)" -n 4 \
  clang-tidy --quiet -- -std=c++20 -I. -fopenmp
# One instruction set speaks for the others: the source is the same.
git ls-files 'kernels/cpu/*.cpp' | xargs -P "$(nproc)" -n 4 \
  clang-tidy --quiet -- -std=c++20 -I. -fopenmp -march=haswell -DLATHE_ISA=avx2
echo "lint: ${#sources[@]} files, no finding"
