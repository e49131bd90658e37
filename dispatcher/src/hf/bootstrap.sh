# Runs one GitHub job: finds actions/runner in the image or installs it, registers it unless a just-in-time
# configuration is given in ACTIONS_RUNNER_INPUT_JITCONFIG, and starts it.
set -eu
export RUNNER_ALLOW_RUNASROOT=1
# Without it run.sh keeps the SIGTERM of a cancelled HF job from the listener, and GitHub takes the runner for busy on.
export RUNNER_MANUALLY_TRAP_SIG=1
home=
for folder in /home/runner /actions-runner /opt/actions-runner "$HOME/actions-runner"; do
  if [ -x "$folder/run.sh" ]; then home=$folder; break; fi
done
if [ -z "$home" ]; then
  home=$HOME/actions-runner
  mkdir -p "$home"
  if ! command -v curl >/dev/null || ! command -v git >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends curl ca-certificates git tar gzip
  fi
  case $(uname -m) in aarch64|arm64) arch=arm64 ;; *) arch=x64 ;; esac
  releases=https://github.com/actions/runner/releases/download
  curl -fsSL --retry 5 "$releases/v$RUNNER_VERSION/actions-runner-linux-$arch-$RUNNER_VERSION.tar.gz" | tar -xz -C "$home"
  "$home/bin/installdependencies.sh" >/dev/null
fi
cd "$home"
if [ -z "${ACTIONS_RUNNER_INPUT_JITCONFIG:-}" ]; then
  ./config.sh --url "$GH_SERVER_URL/$GH_REPO" --token "$RUNNER_TOKEN" --name "$RUNNER_NAME" --labels "$RUNNER_LABELS" \
    --no-default-labels --ephemeral --replace --disableupdate --unattended
  unset RUNNER_TOKEN
fi
exec ./run.sh
