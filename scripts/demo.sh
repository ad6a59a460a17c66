#!/usr/bin/env bash
# make demo: fine-tunes a real pretrained encoder on real reviews, says how good it is beside simple
# baselines, shows where it is wrong, and asks it about two new sentences.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/show.sh
export LC_ALL=C.UTF-8

model=demo-data/minilm work=build/demo
train=$work/train.tsv valid=$work/valid.tsv out=$work/model

mkdir -p "$work"

heading "1. The text: Amazon and film review snippets, rated by people from -4 to 4"
prepare_reviews "$train" "$valid"
echo "  $train: $(examples_in $train) snippets ($(label_counts $train))"
echo "  $valid: $(examples_in $valid) snippets ($(label_counts $valid)),"
echo "  a tenth of the reviews, chosen by a hash of their id; neutral ratings are left out"

heading "2. Fine-tuning MiniLM-L6 (22.7 M parameters) on it, one epoch"
show_and_run build/lathe train --model_name_or_path $model --train_file $train \
  --validation_file $valid --output_dir $out --num_train_epochs 1 \
  --per_device_train_batch_size 32 --learning_rate 1e-4 --logging_steps 50 --save_strategy no \
  --show_worst 5

heading "3. How good is that?"
comparison "$train" "$valid" "$out"

heading "4. Two new sentences"
cat >$work/new.txt <<'TEXT'
The battery died after two days and nobody answered my letters.
An honest, funny film that I will happily watch again.
TEXT
show_and_run build/lathe predict --model_name_or_path $out --test_file $work/new.txt \
  --output_file $work/predictions.jsonl
show_predictions $work/new.txt $work/predictions.jsonl

echo
echo "The fine-tuned checkpoint is in $out; Transformers loads it as it is."
