#!/usr/bin/env bash
# make peers: the same work in Lathe, Transformers and bare PyTorch on this machine, interleaved,
# and whether they agree; in the end one table of all that was compared. PyTorch is needed for this
# alone: it goes into build/peers-venv.
#
# Usage: scripts/peers.sh [speed|base-speed|predict|gemm|parity|dropout|round-trip|quality|arrow|data|tokenizer|all] [options of the Python program]
#        (speed, parity and round-trip when nothing is named)
#   TOKENIZER="dir|vocab.txt..." TEXT="file..." PAIRS=file.tsv FULL=1   what `tokenizer` compares on; speed on the first
#   PAIRS=file.tsv       label, two ids and two sentences (MRPC): what `data` reads and tokenizes
#   MRPC=dir             Microsoft's paraphrase pairs (see scripts/mrpc.sh), else the demo's reviews
#   PEERS_PYTHON=python  an interpreter that has what bench/peers/requirements.txt lists
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/show.sh

export HF_HUB_OFFLINE=1  # every model is a directory here
model=demo-data/minilm

require_python() {
  python=${PEERS_PYTHON:-build/peers-venv/bin/python}
  [[ -n ${PEERS_PYTHON:-} || -e build/peers-venv/.complete ]] && return
  echo "lathe: installing PyTorch and Transformers into build/peers-venv (some gigabytes)"
  rm -rf build/peers-venv
  python3 -m venv build/peers-venv ||
    die "python3 -m venv failed; on Debian run: apt-get install python3-venv"
  build/peers-venv/bin/pip install -q --disable-pip-version-check \
    -r bench/peers/requirements.txt || die "pip could not install bench/peers/requirements.txt"
  touch build/peers-venv/.complete
}

# Sets train and valid to TSV files.
prepare_text() {
  mkdir -p build/peers
  train=build/peers/train.tsv valid=build/peers/valid.tsv
  if [[ -n ${MRPC:-} ]]; then
    prepare_mrpc "$MRPC" "$train" "$valid" || die "MRPC=$MRPC: see scripts/mrpc.sh for its files"
  else
    prepare_reviews "$train" "$valid"
  fi
}

speed() {
  heading "Speed"
  "$python" bench/peers/speed.py --model_name_or_path $model --train_file "$train" "$@"
}

base_speed() {
  local base=build/peers/bert-base
  [[ -e $base/model.safetensors ]] || "$python" bench/peers/bert_base.py $model $base
  heading "Speed, BERT-base"
  "$python" bench/peers/speed.py --model_name_or_path $base --train_file "$train" \
    --per_device_train_batch_size 32 --max_steps 6 --peers trainer "$@"
}

parity() {
  heading "The losses of 50 training steps"
  "$python" bench/peers/parity_50_steps.py --model_name_or_path $model --train_file "$train" "$@"
}

dropout() {
  heading "What dropout does on average"
  "$python" bench/peers/dropout_statistics.py --model_name_or_path $model --train_file "$train" "$@"
}

# A checkpoint in build/peers/model.
fine_tune() {
  build/lathe train --model_name_or_path $model --train_file "$train" --max_steps 20 \
    --per_device_train_batch_size 16 --save_strategy no --output_dir build/peers/model \
    >build/peers/train.log || die "lathe train failed; see build/peers/train.log"
}

predict() {
  heading "Speed of prediction"
  fine_tune
  "$python" bench/peers/predict_speed.py --model_name_or_path build/peers/model --test_file "$train" "$@"
}

gemm() {
  heading "Matrix products"
  make --no-print-directory build/release/bench/kernels
  "$python" bench/peers/gemm_speed.py "$@"
}

round_trip() {
  heading "What Lathe writes, read by Transformers"
  fine_tune
  "$python" bench/peers/round_trip.py --model_name_or_path build/peers/model \
    --test_file "$valid" "$@"
}

tokenizer() {
  local text=${TEXT:-$train}
  local tokenizers=${TOKENIZER:-$model}
  heading "Token by token what tokenizers gives"
  # It says on the standard error why it refuses a stride, which is no news.
  RUST_BACKTRACE=0 "$python" bench/peers/tokenizer_exact.py ${FULL:+--full} --tokenizers $tokenizers --text $text \
    2> >(grep -vE '^$|panicked at|`stride` must be' >&2)
  heading "What is saved is what was loaded"
  "$python" bench/peers/tokenizer_saved.py --tokenizers $tokenizers
  heading "Input that means harm"
  build/release/bench/peers/tokenizer_hostile $model
  heading "Text to ids"
  "$python" bench/peers/tokenizer_speed.py --model_name_or_path "${tokenizers%% *}" \
    ${PAIRS:+--pairs "$PAIRS"} "$@" $text
  heading "A vocabulary from text"
  "$python" bench/peers/vocabulary_speed.py $text
}

quality() {
  heading "Accuracy over seeds"
  "$python" bench/peers/quality.py --model_name_or_path $model --train_file "$train" \
    --validation_file "$valid" "$@"
}

arrow() {
  heading "Tables, both ways"
  "$python" bench/peers/arrow_interop.py "$@"
}

data() {
  heading "Datasets, and readers of text"
  make --no-print-directory build/release/examples/dataset_speed
  "$python" bench/peers/datasets_speed.py --checkpoint "$model" ${PAIRS:+--pairs "$PAIRS"} "$@"
}

what=default
if [[ ${1:-} && $1 != --* ]]; then
  what=$1
  shift
fi
case $what in
  speed | base-speed | predict | gemm | parity | dropout | round-trip | quality | arrow | data | tokenizer | default | all) ;;
  *) die "scripts/peers.sh $what: expected speed, base-speed, predict, gemm, parity, dropout, round-trip, quality, arrow, data, tokenizer or all" ;;
esac
[[ $# -eq 0 || $what != @(default|all) ]] || die "options need the name of one comparison first"

# Of what was compared before a comparison failed, too.
summary() {
  [[ -s $PEERS_ROWS ]] || return 0
  heading "Everything compared"
  "$python" bench/peers/summary.py "$PEERS_ROWS"
}

scripts/fetch.sh
require_python
prepare_text
export PEERS_ROWS=$PWD/build/peers/rows.jsonl  # where the programs leave rows for it
rm -f "$PEERS_ROWS"
trap summary EXIT
case $what in
  default | all) parity; round_trip; speed ;;&
  all) base_speed; predict; gemm; dropout; quality; arrow; data ;;
  speed | predict | gemm | parity | dropout | quality | arrow | data | tokenizer) "$what" "$@" ;;
  base-speed) base_speed "$@" ;;
  round-trip) round_trip "$@" ;;
esac
