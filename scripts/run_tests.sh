#!/usr/bin/env bash
# Runs every test program of a build flavour from the repository's root and ends with "N passed, N failed".
set -uo pipefail
cd "$(dirname "$0")/.."
export FLAVOUR=${FLAVOUR:-release}
# Clang's OpenMP runtime orders its own memory in ways that ThreadSanitizer does not see into.
export TSAN_OPTIONS=${TSAN_OPTIONS:-ignore_noninstrumented_modules=1}
export GOMP_SPINCOUNT=${GOMP_SPINCOUNT:-20000}  # as train/cli/short_spins.h says

results=build/$FLAVOUR/test-results
rm -rf "$results" && mkdir -p "$results"
run() {
  "build/$FLAVOUR/tests/$1" --gtest_brief=1 > "$results/$1.log" 2>&1
}

# From gtest's own closing lines: "[  PASSED  ] 12 tests." "[  FAILED  ] 1 test, …" "[  SKIPPED ] 2 tests, …"
count() {
  grep -E "^\[  $1 \] [0-9]+ test" "$results/$2.log" | head -1 | grep -oE '[0-9]+' | head -1
}

# The outcome of a program that ended with a status, added to the counts.
report() {
  local name=$1 status=$2 p f s
  grep -vE '^Running main|^\[==========\]' "$results/$name.log" | sed "s/^/$name: /"
  p=$(count 'PASSED ' "$name") f=$(count 'FAILED ' "$name") s=$(count 'SKIPPED' "$name")
  if [[ -z $p || ( $status -ne 0 && -z $f ) ]]; then
    echo "$name: ended with status $status before its tests did"
    f=$((${f:-0} + 1))
  fi
  passed=$((passed + ${p:-0})) failed=$((failed + ${f:-0})) skipped=$((skipped + ${s:-0}))
}

# The longest, of one thread, beside the others.
simt=
trap 'kill $simt 2>/dev/null' EXIT
if [[ -x build/$FLAVOUR/tests/simt_test ]]; then
  run simt_test &
  simt=$!
fi

passed=0 failed=0 skipped=0
for program in build/"$FLAVOUR"/tests/*_test; do
  name=$(basename "$program")
  if [[ $name == simt_test ]]; then continue; fi
  run "$name"
  report "$name" $?
done
# Each guard of instruction counts is a test.
if [[ $FLAVOUR == release ]]; then
  scripts/guards.sh --brief
  read -r p f s < build/release/guards/summary
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
fi
if [[ $simt ]]; then
  wait "$simt"
  report simt_test $?
fi
[[ $skipped -gt 0 ]] && echo "$skipped skipped, each with its reason above"
echo "$passed $failed" > "$results/summary"
echo "$passed passed, $failed failed"
[[ $failed -eq 0 && $passed -gt 0 ]]
