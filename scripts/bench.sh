#!/usr/bin/env bash
# make bench: runs every benchmark suite, prints its table and how long it took, and keeps the figures as JSON beside a
# description of the machine in bench/results/DATE/. Some 12 minutes. Fails when a result is not what it should be,
# which is then not timed.
#
# Usage: scripts/bench.sh [SUITE...] [options of Google Benchmark, e.g. --benchmark_filter=gemm]
# A part of the figures is kept under build/bench/, so that it does not stand in the place of all.
set -euo pipefail
cd "$(dirname "$0")/.."

processor() { sed -nE 's/^model name[^:]*: *//p' /proc/cpuinfo | head -1; }
memory() { awk '/^MemTotal/ { printf "%.0f GiB", $2 / 1048576 }' /proc/meminfo; }
# A changed working tree is not what its commit says.
revision() { git describe --always --dirty 2>/dev/null || echo unknown; }

describe_machine() {
  echo "date       $(date -u +%FT%TZ)"
  echo "revision   $(revision)"
  echo "processor  $(processor), $(nproc) cores"
  echo "memory     $(memory)"
  echo "system     $(uname -sr)"
  echo "compiler   $(${CXX:-g++} --version | head -1)"
  echo "load       $(cut -d' ' -f1-3 /proc/loadavg)"
}

suites=() options=()
for argument in "$@"; do
  if [[ $argument == --* ]]; then
    options+=("$argument")
  elif [[ -e bench/$argument.cpp ]]; then
    suites+=("$argument")
  else
    echo "lathe: no bench/$argument.cpp; the suites: $(cd bench && echo *.cpp | sed 's/\.cpp//g')" >&2
    exit 1
  fi
done
results=bench/results/$(date -u +%F)
[[ $# -eq 0 ]] || results=build/bench
[[ ${#suites[@]} -gt 0 ]] || mapfile -t suites < <(basename -s .cpp bench/*.cpp)
[[ " ${suites[*]} " != *" tokenizer "* ]] || scripts/fetch.sh minilm || true  # the suite says what it lacks

# Threads wait for each other as they do in the program (train/cli/short_spins.h).
export GOMP_SPINCOUNT=${GOMP_SPINCOUNT:-20000}
mkdir -p "$results"
describe_machine | tee "$results/machine.txt"
wrong=()
for suite in "${suites[@]}"; do
  printf '\n%s\n' "$suite"
  start=$SECONDS
  "build/release/bench/$suite" --benchmark_counters_tabular=true \
    --benchmark_out="$results/$suite.json" --benchmark_out_format=json "${options[@]}" || wrong+=("$suite")
  ! grep -q '"error_occurred": true' "$results/$suite.json" 2>/dev/null || wrong+=("$suite")
  echo "$suite took $((SECONDS - start)) s"
done
printf '\nall took %d s; kept in %s\n' "$SECONDS" "$results"
if [[ ${#wrong[@]} -gt 0 ]]; then
  echo "lathe: see the errors above in: ${wrong[*]}" >&2
  exit 1
fi
