#!/bin/sh
# Run a script that needs nothing but Python itself: python.sh VENV SCRIPT [ARGUMENT...]
set -eu
. scripts/find-python.sh
venv=$1
shift
if fits "$venv/bin/python"; then python=$venv/bin/python; else python=$(find_python); fi
exec "$python" "$@"
