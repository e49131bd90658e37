#!/bin/bash
# Runs the listener until it need not be started again. As in actions/runner, a signal reaches the listener only
# with RUNNER_MANUALLY_TRAP_SIG, and without it every failure becomes exit code 0.

folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

run() {
  while true; do
    cp -f "$folder/run-helper.sh.template" "$folder/run-helper.sh"
    "$folder/run-helper.sh" $*
    if [ $? -ne 2 ]; then
      echo "Exiting runner..."
      exit 0
    fi
    echo "Restarting runner..."
  done
}

run_trapping() {
  set -m
  signaled=
  trap 'signaled=1; kill -INT -$helper' INT TERM
  while true; do
    cp -f "$folder/run-helper.sh.template" "$folder/run-helper.sh"
    "$folder/run-helper.sh" $* &
    helper=$!
    wait $helper
    code=$?
    # The first wait ended with the signal and not with the helper.
    if [ -n "$signaled" ]; then
      wait $helper
      code=$?
    fi
    if [ $code -ne 2 ]; then
      echo "Exiting runner..."
      exit $code
    fi
    echo "Restarting runner..."
  done
}

# Arguments are split at spaces once more, as there.
if [ -z "$RUNNER_MANUALLY_TRAP_SIG" ]; then
  run $*
else
  run_trapping $*
fi
