#!/usr/bin/env bash
# Everything that only a machine with a GPU can show, in one command of less than nine minutes:
#   1. all tests on the GPU (kernels against the reference, whole runs against the processor: 50 steps)
#   2. the kernels and the training step in figures, and the ladder of steps towards the kernels
#   3. the same of PyTorch and Transformers, where they are installed
#   4. compute-sanitizer on a small run: memory and races
# make cuda-check builds the programs first. This script builds nothing: it also runs what was built elsewhere
# (build/cuda-programs.tar.gz, docs/cuda.md), and needs bash, the driver and the libraries of C and C++.
# Usage: scripts/cuda_check.sh [tests] [figures] [ladder] [peers] [sanitizer]     everything when nothing is named
#   LIMIT=525            seconds for everything
#   FIGURES="memory …"   of products, attention, memory and steps those to measure
# Writes bench/results/GPU-DATE.json and GPU-DATE.txt when nothing is left out, logs to build/cuda-check. Without a GPU it says so and exits with 1.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

parts=("$@")
for part in "$@"; do
  [[ $part == @(tests|figures|ladder|peers|sanitizer) ]] && continue
  echo "lathe: scripts/cuda_check.sh $part: expected tests, figures, ladder, peers or sanitizer" >&2
  exit 1
done
is_wanted() { [[ ${#parts[@]} -eq 0 || " ${parts[*]} " == *" $1 "* ]]; }

programs=build/release/gpu
if [[ ! -x $programs/cuda_test && -f build/cuda-programs.tar.gz ]]; then
  tar -xzf build/cuda-programs.tar.gz || exit 1
fi
for program in cuda_test bench ladder; do
  [[ -x $programs/$program ]] && continue
  echo "lathe: $programs/$program is missing: build it by make cuda-check where nvcc is, or bring build/cuda-programs.tar.gz" >&2
  exit 1
done

kept=build/cuda-check
rm -rf "$kept" && mkdir -p "$kept"
python=${PYTHON:-python3}

# cublasLt is the toolkit's, or comes with PyTorch, where only Python finds it.
library=libcublasLt.so.13
if ! ldconfig -p 2>/dev/null | grep -q "$library"; then
  for folder in /usr/local/cuda*/lib{64,} /usr/local/cuda*/targets/x86_64-linux/lib \
      $("$python" -c 'import sys; print(*(p + "/nvidia/cu13/lib" for p in sys.path if p))' 2>/dev/null); do
    [[ -e $folder/$library ]] && export LD_LIBRARY_PATH=$folder${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} && break
  done
fi

# Whether there is a GPU, and whether the programs start here at all.
if ! "$programs/cuda_test" --gtest_brief=1 --gtest_filter='GpuKernels.NoOpIsMissing' > "$kept/gpu.log" 2>&1; then
  echo "lathe: make cuda-check: $programs/cuda_test does not run here: $(tail -1 "$kept/gpu.log")" >&2
  exit 1
fi
if grep -q 'no GPU: ' "$kept/gpu.log"; then
  echo "lathe: make cuda-check needs a GPU, and there is none: $(sed -n 's/^no GPU: //p' "$kept/gpu.log" | head -1)" >&2
  exit 1
fi

limit=${LIMIT:-525}
failed=()
# step NAME MOST_SECONDS COMMAND…
step() {
  local name=$1 seconds=$2 start=$SECONDS
  shift 2
  if ((seconds > limit - SECONDS)); then seconds=$((limit - SECONDS)); fi
  if ((seconds < 5)); then
    echo "$name: NOT RUN, no time is left"
    failed+=("$name")
    return
  fi
  timeout -k 5 "$seconds" "$@" > "$kept/$name.log" 2>&1
  local status=$?
  case $status in
    0) echo "$name: passed, $((SECONDS - start)) s" && return ;;
    124 | 137) echo "$name: FAILED, stopped after $seconds s, see $kept/$name.log; its end:" ;;
    *) echo "$name: FAILED with status $status, see $kept/$name.log; its end:" ;;
  esac
  tail -15 "$kept/$name.log"
  failed+=("$name")
}

if is_wanted tests; then
  step tests 200 "$programs/cuda_test" --gtest_brief=1
  grep '^parity' "$kept/tests.log" 2>/dev/null
fi
if is_wanted figures; then
  # shellcheck disable=SC2086 # FIGURES: names
  step figures 200 "$programs/bench" "$kept/figures.json" ${FIGURES:-}
  cat "$kept/figures.log" 2>/dev/null
fi
if is_wanted ladder; then
  step ladder 90 "$programs/ladder"
  cat "$kept/ladder.log" 2>/dev/null
fi

if ! is_wanted peers; then
  :
elif [[ ! -s $kept/figures.json ]]; then
  echo "peers: NOT RUN, they are compared with the figures, and there are none"
  failed+=(peers)
elif "$python" -c 'import torch, transformers; assert torch.cuda.is_available()' 2>/dev/null; then
  step peers 150 "$python" bench/peers/gpu.py --lathe "$kept/figures.json"
  cat "$kept/peers.log" 2>/dev/null
else
  echo "peers: skipped, $python has no torch with CUDA and transformers"
fi

sanitizer=$(command -v compute-sanitizer || ls /usr/local/cuda*/bin/compute-sanitizer 2>/dev/null | head -1)
if ! is_wanted sanitizer; then
  :
elif [[ -z $sanitizer ]]; then
  echo "memcheck, racecheck: skipped, compute-sanitizer is not installed"
elif [[ $(timeout 60 "$sanitizer" "$programs/cuda_test" --gtest_filter='GpuKernels.NoOpIsMissing' 2>&1) == \
    *'Device not supported'* ]]; then
  echo "memcheck, racecheck: skipped, compute-sanitizer says that it does not support this device"
else
  for tool in memcheck racecheck; do
    step "$tool" 90 "$sanitizer" --tool "$tool" --error-exitcode 7 "$programs/cuda_test" \
      --gtest_filter='GpuTrainer.SmallCase:GpuKernels.RowsEqualsReference'
  done
fi

name=$(nvidia-smi --query-gpu=name --format=csv,noheader 2>/dev/null | head -1 | tr 'A-Z ' 'a-z-' | tr -cd 'a-z0-9-')
results=bench/results/${name:-gpu}-$(date -u +%F)
if [[ ${#parts[@]} -gt 0 || -n ${FIGURES:-} ]]; then
  echo "parts: bench/results is left as it is, see $kept"
elif [[ -s $kept/figures.json ]]; then
  cp "$kept/figures.json" "$results.json"
  {
    cat "$kept"/{figures,ladder,peers}.log 2>/dev/null
    grep '^parity' "$kept/tests.log"
  } > "$results.txt"
  echo "kept in $results.json and $results.txt"
fi
if [[ ${#failed[@]} -gt 0 ]]; then
  echo "lathe: make cuda-check: ${#failed[@]} failed: ${failed[*]}" >&2
  exit 1
fi
echo "make cuda-check: everything passed, $SECONDS s"
