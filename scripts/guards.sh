#!/usr/bin/env bash
# make guards: counts the instructions of some pieces of work (tests/guards/) under Valgrind, and fails when one takes
# over 3 % more than tests/guards/instructions.tsv says. Counts are the same on every run and do not see what else the
# machine does; they do see the compiler, so with another one than the table's nothing is compared.
#
# Usage: scripts/guards.sh            the table of counts, and "N passed, N failed"
#        scripts/guards.sh --brief    only what is to be said, each line with "guards: " before it (for make test)
#        scripts/guards.sh --update   writes the counts into the table
# build/release/guards/summary holds "passed failed skipped" afterwards.
set -euo pipefail
cd "$(dirname "$0")/.."

table=tests/guards/instructions.tsv
program=build/release/tests/guards/guards
out=build/release/guards
mode=${1:-}

say() { echo "guards: $*"; }
die() {
  say "$*"
  echo "0 1 0" >"$out/summary"
  exit 1
}
skip() {
  local count
  count=$(grep -vc '^#' "$table" || true)
  say "$count skipped: $*"
  echo "0 0 $count" >"$out/summary"
  [[ $mode != --update ]]
  exit
}

# Each piece of work runs inside of guarded_work() (tests/guards/main.cpp), and leaving it ends a part of the profile:
# file N is that of the N-th name. Backends and the C library choose their code for AVX2, the widest that Valgrind
# knows.
# count FILE: names and instructions into it
count() {
  rm -f "$out"/callgrind*
  LATHE_CPU=avx2 OMP_NUM_THREADS=1 LD_BIND_NOW=1 valgrind --tool=callgrind --toggle-collect=guarded_work \
    --dump-after=guarded_work --compress-strings=no --callgrind-out-file="$out/callgrind" \
    "$program" >"$out/names" 2>"$out/valgrind.log" || die "failed under valgrind; see $out/valgrind.log"
  local name number=0
  while read -r name; do
    number=$((number + 1))
    printf '%s\t%s\n' "$name" "$(sed -n 's/^summary: //p' "$out/callgrind.$number")"
  done <"$out/names" >"$1"
}

# compare: "passed", "failed" or "renew", a tab and a line, for each guard of the table and of the counts
compare() {
  awk -F'\t' -v allowed=3 '
    function line(verdict, text) { print verdict "\t" name ": " text }
    /^#/ { next }
    FNR == NR { was[$1] = $2; next }
    { name = $1; counted[name] = 1 }
    !(name in was) { line("failed", "is not in the table; run: make guards UPDATE=1"); next }
    {
      change = 100 * ($2 / was[name] - 1)
      text = sprintf("%d instructions, were %d (%+.1f %%)", $2, was[name], change)
      if (change > allowed)
        line("failed", text ": make it cheaper again; if it is worth that, run: make guards UPDATE=1")
      else if (change < -allowed) line("renew", text ": keep that; run: make guards UPDATE=1")
      else line("passed", text)
    }
    END {
      for (name in was) if (!(name in counted))
        line("failed", "is in the table, but there is no such guard; run: make guards UPDATE=1")
    }' "$table" "$out/counts.tsv"
}

update() {
  count "$out/again.tsv"
  cmp -s "$out/counts.tsv" "$out/again.tsv" || say "two runs differ:" "$(diff "$out/counts.tsv" "$out/again.tsv")"
  {
    echo "# Instructions of each guard, counted by Valgrind on the avx2 backend, one thread (scripts/guards.sh)."
    echo "# Written by: make guards UPDATE=1"
    echo "# compiler $compiler"
    cat "$out/counts.tsv"
  } >"$table"
  say "wrote $table"
}

mkdir -p "$out"
[[ -x $program ]] || die "$program is not built; run: make guards"
read -r compiler backend < <("$program" --about)
table_compiler=$(sed -n 's/^# compiler //p' "$table")
[[ $backend == avx2 ]] || skip "this processor has no AVX2"
command -v valgrind >/dev/null || skip "valgrind is missing; run: apt-get install valgrind"
[[ $mode == --update || $compiler == "$table_compiler" ]] ||
  skip "the table is $table_compiler's, this is $compiler"

count "$out/counts.tsv"
[[ $mode == --update ]] && { update; exit; }
compare >"$out/verdicts"
if [[ $mode == --brief ]]; then
  sed -n 's|^failed\t|guards: FAILED |p; s|^renew\t|guards: |p' "$out/verdicts"
else
  column -t -s $'\t' "$out/verdicts"
fi
failed=$(grep -c '^failed' "$out/verdicts" || true)
passed=$(($(wc -l <"$out/verdicts") - failed))
echo "$passed $failed 0" >"$out/summary"
[[ $mode == --brief ]] || echo "$passed passed, $failed failed"
[[ $failed -eq 0 ]]
