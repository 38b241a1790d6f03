#!/usr/bin/env bash
# Builds millrace with ToyCRM in it, starts the simulated ToyCRM and Asana, and syncs one into the other.
set -euo pipefail
cd "$(dirname "$0")"

work=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; rm -rf "$work"' EXIT

go build -o "$work/custom" .
go build -o "$work/simulate" ./simulate

# start FILE PROGRAM...: run in the background, return when the line that says how to reach it is there.
start() {
  "${@:2}" > "$1" &
  pids+=($!)
  for _ in $(seq 100); do
    grep -q '}}' "$1" && return
    sleep 0.1
  done
  echo "$2 does not start"; exit 1
}

# said FILE KEY: the value of a key in that line.
said() { sed "s/.*\"$2\":\"\([^\"]*\)\".*/\1/" "$1"; }

start "$work/toycrm.json" "$work/simulate"
start "$work/asana.json" "$work/custom" sandbox --json --only asana --customers 0

export DATA="$work/data"
TOYCRM_URL=$(said "$work/toycrm.json" base_url) TOYCRM_TOKEN=$(said "$work/toycrm.json" token)
ASANA_URL=$(said "$work/asana.json" base_url) ASANA_TOKEN=$(said "$work/asana.json" token) ASANA_WORKSPACE=$(said "$work/asana.json" workspace)
export TOYCRM_URL TOYCRM_TOKEN ASANA_URL ASANA_TOKEN ASANA_WORKSPACE

set -x
"$work/custom" config check
"$work/custom" check
"$work/custom" plan
"$work/custom" backfill --give-up 60s --json | tee "$work/result.json"
grep -q '"created":3,' "$work/result.json"
"$work/custom" plan | grep -q 'Everything is shown as it should be'
