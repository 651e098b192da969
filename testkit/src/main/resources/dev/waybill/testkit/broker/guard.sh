#!/usr/bin/env bash
# guard.sh FOLDER COMMAND...
#
# Runs COMMAND until it ends, and writes its process id to FOLDER/broker.pid. Standard input is the
# line to the process that wants it: when that process dies, however it dies, the line closes; then
# COMMAND and all it started are killed and FOLDER is removed.
#
# Job control gives each job its own process group. So a kill of the starter's group spares the
# guard, and the broker can be ended together with what it left behind. It is off while waiting,
# because a wait under job control also returns when the job is only stopped (SIGSTOP).

guard() {
  local folder=$1 broker line status
  shift
  set -m
  "$@" </dev/null 3<&- &
  broker=$!
  echo "$broker" >"$folder/broker.pid.new" && mv "$folder/broker.pid.new" "$folder/broker.pid"
  {
    cat <&3 >/dev/null
    touch "$folder/orphaned"
    kill -KILL -- "-$broker"
  } 2>/dev/null &
  line=$!
  set +m
  wait "$broker"
  status=$?
  kill -KILL -- "-$broker" 2>/dev/null
  kill -KILL -- "-$line" 2>/dev/null
  if [ -e "$folder/orphaned" ]; then
    rm -rf -- "$folder"
  fi
  exit "$status"
}

set -m
guard "$@" 3<&0 &
set +m
wait $!
