#!/bin/bash
# Configures the stand-in as the config.sh of actions/runner does: `config.sh [OPTIONS]`, `config.sh remove [OPTIONS]`.

if [ "$(id -u)" -eq 0 ] && [ -z "$RUNNER_ALLOW_RUNASROOT" ]; then
  echo "Must not run with sudo"
  exit 1
fi

cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1
. ./env.sh

if [ "${1,,}" = remove ]; then
  ./bin/Runner.Listener "$@"
else
  ./bin/Runner.Listener configure "$@"
fi
