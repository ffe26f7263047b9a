#!/bin/sh
# Install everything into a virtual environment: setup.sh VENV LOCK...
# Needs a Python of at least 3.11 and nothing else. Every file that is installed is checked against its hash.
set -eu
venv=$1
shift

here=${0%/*}
. "$here/find-python.sh"

say() { printf '%s\n' "$*" >&2; }

create() {
  python=$(find_python)
  version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    say "Python $version lacks the module venv. Install it: sudo apt install python$version-venv"
    exit 1
  fi
  say "[1/4] Making $venv with Python $version"
  rm -rf "$venv"
  "$python" -m venv "$venv"
}

if fits "$venv/bin/python" && [ -x "$venv/bin/pip" ]; then
  say "[1/4] Keeping $venv"
else
  create
fi

say "[2/4] Installing the installer (uv)"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$here/../requirements-uv.lock"

say "[3/4] Installing the locked dependencies (downloaded once, up to 400 MB)"
locks=''
for lock in "$@"; do locks="$locks --requirements $lock"; done
# shellcheck disable=SC2086 # the list is meant to be split
"$venv/bin/uv" pip install --quiet --python "$venv/bin/python" --require-hashes $locks

packages=''
for project in libs/*/pyproject.toml services/*/pyproject.toml; do
  if [ -f "$project" ]; then packages="$packages --editable ./${project%/pyproject.toml}"; fi
done
if [ -n "$packages" ]; then
  say "[4/4] Installing this project's packages, editable"
  # The build tools come from the locked environment: nothing more is downloaded.
  # shellcheck disable=SC2086
  "$venv/bin/uv" pip install --quiet --python "$venv/bin/python" --no-deps --no-build-isolation $packages
fi
touch "$venv/.setup-done"
