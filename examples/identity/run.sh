#!/usr/bin/env bash
# Resolves people.csv and checks that it found what it should.
set -euo pipefail
cd "$(dirname "$0")"
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
go run ../../cmd/millrace identity try --in people.csv --map people.yaml --kind person --at 0.9 \
  --out "$out/people.out.csv" --explain "$out/people.why.jsonl"
cut -d, -f1-3,10 "$out/people.out.csv"
customers=$(tail -n +2 "$out/people.out.csv" | cut -d, -f10 | sort -u | wc -l)
[ "$customers" -eq 8 ] || { echo "found $customers customers, want 8"; exit 1; }
