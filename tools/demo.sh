#!/bin/sh
# Start a generated project, run its demo, and keep it up until Ctrl-C: demo.sh PROJECT VENV [ONCE]
set -eu
project=$1 venv=$2 once=${3:-}
log=$project/dev.log

say() { printf '%s\n' "$*" >&2; }
stop() {
  trap - EXIT INT TERM
  kill -TERM "$running" 2>/dev/null || true
  wait "$running" 2>/dev/null || true
}
stopped_by_hand() {
  stop
  say "Stopped."
  exit 0
}

make --no-print-directory -C "$project" setup VENV="$venv"

say "Starting everything on this machine (its log is $log)"
(cd "$project" && exec "$venv/bin/python" scripts/dev.py) >"$log" 2>&1 &
running=$!
trap stop EXIT
trap stopped_by_hand INT TERM
until grep -q '^Everything runs' "$log"; do
  if ! kill -0 "$running" 2>/dev/null; then
    say "It did not start:"
    tail -n 20 "$log" >&2
    exit 1
  fi
  sleep 0.3
done

make --no-print-directory -C "$project" demo VENV="$venv"

sed -n '/^Everything runs/,$p' "$log" | grep -v '^[a-z]* | ' | grep -v '^Everything runs'
if [ -z "$once" ]; then
  say "It goes on running. Ctrl-C stops it."
  wait "$running"
fi
