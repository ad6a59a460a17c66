# Rated review snippets (id, mean rating -4 .. 4, text; CRLF line ends) to two TSV files of sentence
# and label. Neutral snippets (|rating| < 0.5) are left out. An id is REVIEW or REVIEW_SENTENCE; a
# tenth of the reviews, chosen by a hash of their id and so the same in every run, is held out: no
# review has sentences in both files.
#
# awk -f reviews.awk -v train=TRAIN.tsv -v valid=VALID.tsv amazon.txt movie.txt
BEGIN {
  FS = OFS = "\t"
  for (i = 32; i < 127; ++i) code[sprintf("%c", i)] = i
  print "sentence", "label" > train
  print "sentence", "label" > valid
}

function hash(text,   h, i) {
  h = 7
  for (i = 1; i <= length(text); ++i) h = (h * 257 + code[substr(text, i, 1)]) % 8388593
  return h
}

{ sub(/\r$/, "") }

NF != 3 || $2 !~ /^-?[0-9.]+$/ {
  printf "%s:%d: expected id, rating and text, separated by tabs\n", FILENAME, FNR > "/dev/stderr"
  exit 1
}

$2 >= 0.5 || $2 <= -0.5 {
  review = $1
  sub(/_.*/, "", review)
  source = FILENAME
  sub(/.*\//, "", source)
  print $3, ($2 > 0 ? "positive" : "negative") > (hash(source ":" review) % 10 == 0 ? valid : train)
}
