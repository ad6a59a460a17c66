#!/usr/bin/env bash
# Fails when an include goes against the dependency direction:
#   base ← kernels ← tensor ← nn ← train    and    base ← tokenize ← data ← train
# (data shuffles with tensor/random.h, which is why tensor stands under data too.)
# Headers of the CUDA toolkit belong to kernels/cuda/ alone, and to train/nccl.cu, which orders NCCL by its streams.
set -euo pipefail
cd "$(dirname "$0")/.."

declare -A may_include=(
  [base]="base"
  [kernels]="base kernels"
  [tensor]="base kernels tensor"
  [nn]="base kernels tensor nn"
  [tokenize]="base tokenize"
  [data]="base kernels tensor tokenize data"
  [train]="base kernels tensor nn tokenize data train"
)

status=0
for folder in "${!may_include[@]}"; do
  while IFS=: read -r file line text; do
    included=$(sed -E 's/.*#include "([^"]*)".*/\1/' <<<"$text")
    top=${included%%/*}
    if [[ " ${may_include[$folder]} " != *" $top "* ]]; then
      echo "$file:$line: $folder/ must not include $included (it may include: ${may_include[$folder]})" >&2
      status=1
    fi
  done < <(grep -rnE '^#include "' "$folder" --include='*.h' --include='*.cpp' --include='*.cu' --include='*.cuh')
done
while IFS=: read -r file line text; do
  [[ $file == kernels/cuda/* || $file == train/nccl.cu ]] && continue
  echo "$file:$line: only kernels/cuda/ and train/nccl.cu may include a CUDA header, or the files there: $text" >&2
  status=1
done < <(grep -rnE '^#include ["<](cuda|cublas|nccl|kernels/cuda/)' "${!may_include[@]}" \
           --include='*.h' --include='*.cpp' --include='*.cu')
exit $status
