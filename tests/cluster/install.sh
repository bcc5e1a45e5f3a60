#!/usr/bin/env bash
# Install Slurm and munge from Debian's packages, where they are missing, and start no service of theirs.
# Exit status 0: all is there. 3: it cannot be had here, and one line says why. Another: an installation broke halfway.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
PATH=$PATH:/usr/sbin:/sbin

packages=(munge slurm-client slurmctld slurmd)
apt=(apt-get --quiet=2 --yes --no-install-recommends --option DPkg::Lock::Timeout=120)

cannot() {
    echo "Slurm is not installed here, and cannot be: $1"
    exit 3
}

all_there() { command -v munged && command -v sbatch && command -v slurmctld && command -v slurmd; }
if all_there >/dev/null; then
    exit 0
fi
command -v apt-get >/dev/null || cannot "there is no apt-get"
[ "$(id --user)" = 0 ] || cannot "that needs root"

folder=$(mktemp --directory)
policy=/usr/sbin/policy-rc.d
trap 'rm -rf "$folder"' EXIT

# The lists of packages may be missing or name versions that are gone. An update that reaches only some sources will do.
download() { "${apt[@]}" install --download-only "${packages[@]}" >"$folder/log" 2>&1; }
if ! download; then
    "${apt[@]}" update >/dev/null 2>&1 || true
    download || cannot "$(grep --max-count=1 '^E: ' "$folder/log" || echo "apt-get install failed")"
fi

# Debian starts a service as soon as it is installed, unless this file forbids it.
if [ ! -e "$policy" ]; then
    trap 'rm -rf "$folder" "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
fi
if ! "${apt[@]}" install "${packages[@]}" >"$folder/log" 2>&1; then
    cat "$folder/log" >&2
    exit 1
fi
