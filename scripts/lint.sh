#!/usr/bin/env bash
# Formatting and static analysis of every source file. Needs clang-format and clang-tidy.
set -euo pipefail
cd "$(dirname "$0")/.."

for tool in clang-format clang-tidy; do
  command -v $tool >/dev/null || { echo "lathe: $tool is missing; run: sudo apt-get install $tool" >&2; exit 1; }
done
mapfile -t sources < <(git ls-files '*.cpp' '*.h' '*.cu')
clang-format --dry-run -Werror "${sources[@]}"
scripts/check_includes.sh

# tidy COMPILER_OPTION… <FILES
tidy() {
  xargs -P "$(nproc)" -n 4 bash -c 'clang-tidy --quiet "${@:2}" -- -std=c++20 -I. -fopenmp $1' _ "$*"
}
git ls-files '*.cpp' | grep -vE '^((kernels|tokenize|data|bench/ladder)/cpu|train/mpi|tests/fuzz|tests/simt)/' | tidy
git ls-files 'tests/simt/*.cpp' | tidy -Itests/simt
# The CUDA kernels as the emulator of tests/simt/ compiles them.
git ls-files '*.cu' | grep -v available.cu | tidy -x c++ -Itests/simt
# With the header of an MPI that is installed.
if command -v mpicxx >/dev/null; then
  # shellcheck disable=SC2046
  git ls-files 'train/mpi/*.cpp' | tidy $(mpicxx -show | grep -oE -- '-I[^ ]+')
fi
# One instruction set speaks for the others: the source is the same, but for products of bfloat16s.
git ls-files '*/cpu/*.cpp' | grep -v /amx/ | tidy -march=haswell -DLATHE_ISA=avx2
git ls-files 'kernels/cpu/gemm*.cpp' | grep -v /amx/ |
  tidy -march=skylake-avx512 -mavx512bf16 -DLATHE_ISA=avx512_bf16
git ls-files 'kernels/cpu/amx/*.cpp' |
  tidy -march=skylake-avx512 -mavx512bf16 -mamx-tile -mamx-bf16 -DLATHE_ISA=amx
echo "lint: ${#sources[@]} files, no finding"
