# MRPC's own columns (Quality, #1 ID, #2 ID, #1 String, #2 String; perhaps a BOM, CRLF line ends,
# unbalanced quotes) to a TSV of sentence1, sentence2 and label (1: the two say the same).
# With -v ids=dev_ids.tsv (pairs of ids) only the pairs listed there are kept (-v keep=listed) or
# only the others (-v keep=others): GLUE's split of Microsoft's training file.
BEGIN {
  FS = OFS = "\t"
  while (ids != "" && (getline line < ids) > 0) {
    sub(/\r$/, "", line)
    listed[line] = 1
  }
  print "sentence1", "sentence2", "label"
}

{ sub(/\r$/, "") }

FNR == 1 {
  sub(/^\xef\xbb\xbf/, "")
  if ($1 == "Quality") next
}

NF != 5 || $1 !~ /^[01]$/ {
  printf "%s:%d: expected Quality (0 or 1), two ids and two sentences, separated by tabs\n", \
    FILENAME, FNR > "/dev/stderr"
  exit 1
}

ids == "" || (($2 OFS $3) in listed) == (keep == "listed") { print $4, $5, $1 }
