#!/usr/bin/env bash
# From a table of your own to the answer: is it separable, and which classifier does Adam find on it?
# Usage: own_data.sh [TABLE.csv LABEL_COLUMN]      (default: the flowers beside this script)
set -euo pipefail
table=${1:-$(dirname "$0")/flowers.csv}
label=${2:-setosa}
biascope info "$table" --label-column "$label"
for batch in 1 full; do
  echo "Adam, batch size $batch:"
  biascope predict "$table" --label-column "$label" --optimizer adam --beta2 0.95 --batch-size "$batch"
done
