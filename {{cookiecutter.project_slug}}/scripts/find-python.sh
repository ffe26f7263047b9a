# To be sourced: find a Python of at least 3.11, or say how to get one.

fits() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
  for candidate in ${PYTHON:-} python3.13 python3.12 python3.11 python3 python3.14 python; do
    if fits "$candidate"; then
      "$candidate" -c 'import sys; print(sys.executable)'
      return
    fi
  done
  echo "No Python of at least 3.11 was found. Install one (Debian, Ubuntu: sudo apt install python3 python3-venv;" \
    "macOS: brew install python@3.13) or name one: make ... PYTHON=/path/to/python3" >&2
  exit 1
}
