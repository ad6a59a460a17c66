# shellcheck shell=bash
# What demo.sh and mrpc.sh show a reader. Sourced, not run.

if [[ -t 1 ]]; then
  bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'
else
  bold="" dim="" plain=""
fi

die() {
  echo "lathe: $*" >&2
  exit 1
}

heading() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }

# Runs a command after showing it as one would type it, broken before an option.
show_and_run() {
  local line="\$" word
  for word in "$@"; do
    if [[ $word == --* && ${#line} -gt 70 ]]; then
      printf '%s%s \\%s\n' "$dim" "$line" "$plain"
      line="   "
    fi
    [[ $word =~ ^[A-Za-z0-9_./=,:@%+-]+$ ]] || word="'${word//\'/\'\\\'\'}'"
    line+=" $word"
  done
  printf '%s%s%s\n' "$dim" "$line" "$plain"
  "$@"
}

# json_number FILE KEY: a number of a result file, which has one key a line.
json_number() { sed -nE "s/^ *\"$2\": *([-+0-9.eE]+),?$/\1/p" "$1"; }

# examples_in FILE.tsv: its rows, the header aside.
examples_in() { echo $(($(wc -l <"$1") - 1)); }

# label_counts FILE.tsv: "5681 negative, 6043 positive", of the last column.
label_counts() {
  tail -n +2 "$1" | awk -F'\t' '{ ++n[$NF] } END { for (l in n) print n[l], l }' | sort -k2 |
    paste -sd, | sed 's/,/, /g'
}

# comparison TRAIN VALID OUT: what one gets without reading the text, by counting its words, and with
# the fine-tuned model in OUT. bag_of_words prints lines of "NAME accuracy 0.5274 f1 0.6906".
comparison() {
  local results=$3/eval_results.json f1
  f1=$(json_number "$results" eval_f1)
  {
    build/release/examples/bag_of_words "$1" "$2"
    echo "Lathe, fine-tuned accuracy $(json_number "$results" eval_accuracy) f1 $f1"
  } | awk -v bold="$bold" -v plain="$plain" -v with_f1="$f1" '
    BEGIN { printf "%s  %-34s %9s%s%s\n", bold, "", "accuracy", with_f1 ? "      F1" : "", plain }
    match($0, / +accuracy /) {
      split(substr($0, RSTART + RLENGTH), number, " ")
      printf "  %-34s %7.1f %%", substr($0, 1, RSTART - 1), 100 * number[1]
      print with_f1 ? sprintf("%8.3f", number[3]) : ""
    }'
}

# show_predictions FILE.txt FILE.jsonl: each line of text with what the model answered.
show_predictions() {
  paste -d '\t' "$1" "$2" | awk -F'\t' '{
    answer = $2; sub(/.*"prediction": ?"/, "", answer); sub(/".*/, "", answer)
    list = $2; sub(/.*"probabilities": ?\[/, "", list); sub(/\].*/, "", list)
    best = 0
    n = split(list, p, /, ?/)
    for (i = 1; i <= n; ++i) if (p[i] + 0 > best) best = p[i] + 0
    printf "  %-10s %5.1f %%   %s\n", answer, 100 * best, $1
  }'
}

# prepare_reviews TRAIN.tsv VALID.tsv: the demo's text, out of what fetch.sh fetched.
prepare_reviews() {
  LC_ALL=C awk -f scripts/reviews.awk -v train="$1" -v valid="$2" \
    demo-data/reviews/{amazon,movie}ReviewSnippets_GroundTruth.txt
}

# prepare_mrpc DIR TRAIN.tsv VALID.tsv: from GLUE's two files or Microsoft's. Sets `split` to which
# split that is; fails quietly when DIR holds neither.
prepare_mrpc() {
  local raw=$1/msr_paraphrase_train.txt
  if [[ -e $1/train.tsv && -e $1/dev.tsv ]]; then
    split="GLUE's split"
    mrpc_tsv "$1/train.tsv" >"$2" && mrpc_tsv "$1/dev.tsv" >"$3"
  elif [[ -e $raw && -e $1/dev_ids.tsv ]]; then
    split="GLUE's split, made from dev_ids.tsv"
    mrpc_tsv -v ids="$1/dev_ids.tsv" -v keep=others "$raw" >"$2" &&
      mrpc_tsv -v ids="$1/dev_ids.tsv" -v keep=listed "$raw" >"$3"
  elif [[ -e $raw && -e $1/msr_paraphrase_test.txt ]]; then
    split="Microsoft's split"
    mrpc_tsv "$raw" >"$2" && mrpc_tsv "$1/msr_paraphrase_test.txt" >"$3"
  else
    return 2
  fi
}

mrpc_tsv() { LC_ALL=C awk -f scripts/mrpc.awk "$@"; }
