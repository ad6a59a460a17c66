#!/usr/bin/env bash
# make bench: runs every benchmark suite, prints its table, and keeps the figures as JSON beside a
# description of the machine in bench/results/DATE/.
#
# Usage: scripts/bench.sh [options of Google Benchmark, e.g. --benchmark_filter=gemm]
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

results=bench/results/$(date -u +%F)
mkdir -p "$results"
describe_machine | tee "$results/machine.txt"
for source in bench/*.cpp; do
  suite=$(basename "$source" .cpp)
  printf '\n%s\n' "$suite"
  "build/release/bench/$suite" --benchmark_counters_tabular=true \
    --benchmark_out="$results/$suite.json" --benchmark_out_format=json "$@"
done
printf '\nkept in %s\n' "$results"
