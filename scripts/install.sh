#!/bin/sh
# Installs Oluko and its pinned packages into .venv, unless that was done since the pins changed.
# Needs a Python 3.13 or 3.12; uv fetches one where neither is there.
set -eu
cd "$(dirname "$0")/.."
stamp=.venv/installed

# Its programs name their folder, so one that was moved is made anew.
if [ -f "$stamp" ] && [ "$(cat "$stamp")" != "$PWD" ]; then rm -rf .venv; fi
if [ "$stamp" -nt requirements.lock ] && [ "$stamp" -nt pyproject.toml ] && .venv/bin/python -c '' 2>/dev/null; then
    exit 0
fi

say() { echo "install: $*"; }
fail() { echo "install: $*" >&2; exit 1; }
suits() { "$1" -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 13), (3, 12)))' >/dev/null 2>&1; }

find_python() {
    for candidate in python3.13 python3.12 python3 "$HOME"/.pyenv/versions/3.13*/bin/python \
        "$HOME"/.pyenv/versions/3.12*/bin/python "$HOME"/.local/bin/python3.13; do
        if suits "$candidate"; then echo "$candidate"; return; fi
    done
    return 1
}

# uv is taken from the PATH, else installed by whatever pip there is into a folder of our own.
find_uv() {
    if command -v uv; then return; fi
    if [ ! -x .tools/bin/uv ]; then
        PIP_BREAK_SYSTEM_PACKAGES=1 python3 -m pip install --quiet --target .tools uv >/dev/null 2>&1 \
            || { python3 -m venv .tools/venv && .tools/venv/bin/pip install --quiet --target .tools uv; } >/dev/null 2>&1 \
            || return 1
    fi
    echo .tools/bin/uv
}

# The last resort of a bare Debian: it ships a python3 without pip or venv.
add_debian_venv() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
    say "adding python3-venv with apt-get"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
        python3-venv python3-pip; } >/dev/null 2>&1
}

make_venv() {
    rm -rf .venv
    if python=$(find_python); then
        say "using $("$python" --version) in .venv"
        "$python" -m venv .venv >/dev/null 2>&1 && return
        rm -rf .venv
        "$python" -m virtualenv --quiet .venv >/dev/null 2>&1 && return
        rm -rf .venv
    fi
    uv=$(find_uv) || { add_debian_venv && uv=$(find_uv); } \
        || fail "needs Python 3.13 or 3.12 with venv, or uv to fetch one; found neither"
    "$uv" venv --quiet --seed --python "${python:-3.13}" .venv \
        || fail "needs Python 3.13 or 3.12, and uv could not fetch one"
}

suits .venv/bin/python && .venv/bin/python -m pip --version >/dev/null 2>&1 || make_venv
pip() { .venv/bin/python -m pip --quiet --disable-pip-version-check --no-input "$@"; }
say "installing the pinned packages; this takes a minute or two the first time"
pip install --require-hashes -r requirements.lock
pip install --no-deps --no-build-isolation -e .
echo "$PWD" > "$stamp"
