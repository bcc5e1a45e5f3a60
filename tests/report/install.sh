#!/usr/bin/env bash
# Install Chromium from Debian's packages, where no browser is, for the tests of the report.
# Exit status 0: one is there. 3: it cannot be had here, and one line says why. Another: an installation broke halfway.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive LC_ALL=C

apt=(apt-get --quiet=2 --yes --no-install-recommends --option DPkg::Lock::Timeout=600)

cannot() {
    echo "Chromium is not installed here, and cannot be: $1"
    exit 3
}

if command -v chromium >/dev/null || command -v google-chrome >/dev/null; then
    exit 0
fi
command -v apt-get >/dev/null || cannot "there is no apt-get"
[ "$(id --user)" = 0 ] || cannot "that needs root"

log=$(mktemp)
trap 'rm -f "$log"' EXIT

# The lists of packages may be missing or name versions that are gone. An update that reaches only some sources will do.
download() { "${apt[@]}" install --download-only chromium >"$log" 2>&1; }
if ! download; then
    "${apt[@]}" update >/dev/null 2>&1 || true
    download || cannot "$(grep --max-count=1 '^E: ' "$log" || echo "apt-get install failed")"
fi
if ! "${apt[@]}" install chromium >"$log" 2>&1; then
    cat "$log" >&2
    exit 1
fi
