#!/usr/bin/env bash
# make mrpc MRPC=dir: the worked example of the Hugging Face course. Do two sentences say the same?
#
# dir holds GLUE's train.tsv and dev.tsv, or Microsoft's msr_paraphrase_train.txt with either GLUE's
# list dev_ids.tsv (then the split is GLUE's) or msr_paraphrase_test.txt to evaluate on.
# --text: that alone, written as train.tsv and dev.tsv into build/mrpc.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/show.sh
export LC_ALL=C.UTF-8

model=demo-data/minilm work=build/mrpc
train=$work/train.tsv valid=$work/dev.tsv out=$work/model

usage() {
  cat >&2 <<'TEXT'
lathe: run make mrpc MRPC=DIR, where DIR holds the Microsoft Research Paraphrase Corpus: either
  train.tsv and dev.tsv, as the GLUE benchmark packs them, or Microsoft's two raw files:
  https://dl.fbaipublicfiles.com/senteval/senteval_data/msr_paraphrase_train.txt
  https://dl.fbaipublicfiles.com/senteval/senteval_data/msr_paraphrase_test.txt
TEXT
  exit 1
}

[[ -n ${MRPC:-} ]] || usage
[[ -d $MRPC ]] || die "MRPC=$MRPC: no such directory"
mkdir -p "$work"
prepare_mrpc "$MRPC" "$train" "$valid" || { [[ $? -eq 2 ]] && usage; exit 1; }
[[ ${1:-} == --text ]] && exit

heading "1. The text: sentence pairs out of the news, 1 where people found that they say the same"
echo "  $train: $(examples_in $train) pairs ($(label_counts $train))"
echo "  $valid: $(examples_in $valid) pairs ($(label_counts $valid)); $split"

heading "2. Fine-tuning MiniLM-L6 on it, with the course's arguments"
show_and_run build/lathe train --model_name_or_path $model --train_file $train \
  --validation_file $valid --task_name mrpc --output_dir $out --num_train_epochs 3 \
  --per_device_train_batch_size 16 --learning_rate 5e-5 --eval_strategy epoch \
  --logging_steps 100 --save_strategy no --show_worst 5

heading "3. How good is that?"
comparison "$train" "$valid" "$out"
