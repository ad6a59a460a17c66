#!/usr/bin/env bash
# make cuda-check: everything that only a machine with a GPU can show, in one command of a few minutes:
#   1. all tests on the GPU (kernels against the reference, whole runs against the processor: 50 steps)
#   2. compute-sanitizer on a small run: memory and races
#   3. the kernels and the training step in figures
#   4. the same of PyTorch and Transformers, where they are installed
# Writes bench/results/GPU-DATE.json and GPU-DATE.txt. Without a GPU it says so and exits with 1.
set -uo pipefail
cd "$(dirname "$0")/.."

tests=build/release/tests/gpu/cuda_test
bench=build/release/bench/gpu/gpu

kept=build/cuda-check
rm -rf "$kept" && mkdir -p "$kept"
# Its first line of output, or its one line of complaint, says whether there is a GPU at all.
"$tests" --gtest_brief=1 --gtest_filter='GpuKernels.NoOpIsMissing' > "$kept/gpu.log" 2>&1
if grep -q 'no GPU: ' "$kept/gpu.log"; then
  echo "lathe: make cuda-check needs a GPU, and there is none: $(sed -n 's/^no GPU: //p' "$kept/gpu.log" | head -1)" >&2
  exit 1
fi

failed=()
# step NAME COMMAND…
step() {
  local name=$1 start=$SECONDS
  shift
  if "$@" > "$kept/$name.log" 2>&1; then
    echo "$name: passed, $((SECONDS - start)) s"
  else
    echo "$name: FAILED, see $kept/$name.log; its end:"
    tail -15 "$kept/$name.log"
    failed+=("$name")
  fi
}

step tests "$tests" --gtest_brief=1
grep '^parity' "$kept/tests.log"

sanitizer=$(command -v compute-sanitizer || ls /usr/local/cuda/bin/compute-sanitizer 2>/dev/null)
if [[ -n $sanitizer ]]; then
  for tool in memcheck racecheck; do
    step "$tool" timeout 120 "$sanitizer" --tool "$tool" --error-exitcode 7 "$tests" \
      --gtest_filter='GpuTrainer.SmallCase:GpuKernels.RowsEqualsReference'
  done
else
  echo "memcheck, racecheck: skipped, compute-sanitizer is not installed"
fi

step figures "$bench" "$kept/figures.json"
cat "$kept/figures.log"

python=${PYTHON:-python3}
if "$python" -c 'import torch, transformers; assert torch.cuda.is_available()' 2>/dev/null; then
  step peers timeout 180 "$python" bench/peers/gpu.py --lathe "$kept/figures.json"
  cat "$kept/peers.log"
else
  echo "peers: skipped, $python has no torch with CUDA and transformers"
fi

name=$(nvidia-smi --query-gpu=name --format=csv,noheader 2>/dev/null | head -1 | tr 'A-Z ' 'a-z-' | tr -cd 'a-z0-9-')
results=bench/results/${name:-gpu}-$(date -u +%F)
if [[ -s $kept/figures.json ]]; then
  cp "$kept/figures.json" "$results.json"
  { cat "$kept/figures.log"; grep '^parity' "$kept/tests.log"; cat "$kept/peers.log" 2>/dev/null; } > "$results.txt"
  echo "kept in $results.json and $results.txt"
fi
if [[ ${#failed[@]} -gt 0 ]]; then
  echo "lathe: make cuda-check: ${#failed[@]} failed: ${failed[*]}" >&2
  exit 1
fi
echo "make cuda-check: everything passed, $SECONDS s"
