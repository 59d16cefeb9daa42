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
has_pip() { .venv/bin/python -m pip --version >/dev/null 2>&1; }

find_python() {
    pyenv=${PYENV_ROOT:-${HOME:-}/.pyenv}
    for candidate in python3.13 python3.12 python3 "$pyenv"/versions/3.13*/bin/python "$pyenv"/versions/3.12*/bin/python; do
        if suits "$candidate"; then echo "$candidate"; return; fi
    done
    return 1
}

# uv is taken from the PATH, else installed into a folder of our own by whatever pip there is.
find_uv() {
    if command -v uv; then return; fi
    if [ ! -x .tools/bin/uv ]; then
        PIP_BREAK_SYSTEM_PACKAGES=1 python3 -m pip install --quiet --target .tools uv >/dev/null 2>&1 \
            || { python3 -m venv .tools/venv && .tools/venv/bin/pip install --quiet --target .tools uv; } >/dev/null 2>&1 \
            || return 1
    fi
    echo .tools/bin/uv
}

# Debian ships a python3 without pip and venv.
add_debian_pip() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
    say "adding python3-venv and python3-pip with apt-get"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
        python3-venv python3-pip; } >/dev/null 2>&1
}

make_venv() {
    rm -rf .venv
    if python=$(find_python); then
        say "using $("$python" --version)"
        "$python" -m venv .venv >/dev/null 2>&1 || "$python" -m venv --clear --without-pip .venv >/dev/null 2>&1 \
            || "$python" -m virtualenv --quiet .venv >/dev/null 2>&1 || true
        if suits .venv/bin/python; then return; fi
    fi
    uv=$(find_uv) || { add_debian_pip && uv=$(find_uv); } || fail "needs Python 3.13 or 3.12, or pip to get uv, which fetches one"
    say "fetching Python 3.13 with uv"
    "$uv" venv --quiet --clear --python "${python:-3.13}" .venv 2>/dev/null \
        || fail "needs Python 3.13 or 3.12; neither is here, and uv could not fetch one"
}

add_pip() {
    .venv/bin/python -m ensurepip >/dev/null 2>&1 && has_pip && return
    python3 -m pip --python .venv/bin/python install --quiet pip >/dev/null 2>&1 && has_pip && return
    uv=$(find_uv) && "$uv" pip install --quiet --python .venv/bin/python pip 2>/dev/null && has_pip && return
    add_debian_pip && python3 -m pip --python .venv/bin/python install --quiet pip >/dev/null 2>&1 && has_pip
}

suits .venv/bin/python || make_venv
has_pip || add_pip || fail "could not get pip; install Python's venv package (python3-venv on Debian)"
pip() { .venv/bin/python -m pip --quiet --disable-pip-version-check --no-input "$@"; }
say "installing the pinned packages; this takes a minute or two the first time"
pip install --require-hashes -r requirements.lock
pip install --no-deps --no-build-isolation -e .
echo "$PWD" > "$stamp"
