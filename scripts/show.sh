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

# Runs a command after showing it as a reader would type it, broken before each option.
show_and_run() {
  local line="\$" word
  for word in "$@"; do
    [[ $word == --* && ${#line} -gt 60 ]] && printf '%s%s \\%s\n' "$dim" "$line" "$plain" && line="     "
    [[ $word =~ ^[A-Za-z0-9_./=,:@%+-]+$ ]] || word="'${word//\'/\'\\\'\'}'"
    line+=" $word"
  done
  printf '%s%s%s\n' "$dim" "$line" "$plain"
  "$@"
}

# json_number FILE KEY: the number of a top-level key in a result file that has one key a line.
json_number() { sed -nE "s/^ *\"$2\": *([-+0-9.eE]+),?$/\1/p" "$1"; }
