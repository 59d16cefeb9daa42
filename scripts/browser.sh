#!/bin/sh
# Sees to it that the browser tests find a Chromium and, for the built-in room, coturn; says in one line where it cannot.
set -eu
cd "$(dirname "$0")/.."

if ! command -v turnserver >/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "test: getting coturn with apt-get"
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
            coturn; } >/dev/null 2>&1 || true
    fi
    command -v turnserver >/dev/null ||
        echo "test: could not get coturn, so the tests of calls through a TURN server will fail; install it" >&2
fi

for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null; then exit 0; fi
done
if .venv/bin/python - <<'PROBE' 2>/dev/null
import pathlib, sys
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    sys.exit(not pathlib.Path(playwright.chromium.executable_path).exists())
PROBE
then exit 0; fi

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "test: getting Chromium with apt-get"
    if { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
        chromium fonts-dejavu-core; } >/dev/null 2>&1 && command -v chromium >/dev/null; then exit 0; fi
fi
echo "test: getting Playwright's Chromium"
if .venv/bin/playwright install chromium >/dev/null 2>&1; then exit 0; fi
echo "test: could not get Chromium, so the browser tests will fail; install one as 'chromium' on the PATH" >&2
