#!/usr/bin/env bash
# The tests run against real servers. Installs from Debian or Ubuntu what is missing (as root), else says the one line.
set -euo pipefail

packages=(redis-server postfix dovecot-imapd dovecot-pop3d dovecot-lmtpd openssl php-cli php-curl php-fpm apache2 systemd chromium nginx gettext-base haproxy caddy varnish prosody lua-sec ejabberd ngircd inspircd znc swaks python3 python3-jsonschema prometheus wordpress wordpress-theme-twentytwentythree mariadb-server php-mysql mmdebstrap umoci skopeo runc iproute2)

missing=()
if command -v dpkg-query >/dev/null; then
  for package in "${packages[@]}"; do
    state=$(dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | head -n 1 || true)
    [ "$state" = installed ] || missing+=("$package")
  done
else
  for program in redis-server postfix dovecot openssl php apache2 systemd-analyze chromium nginx envsubst haproxy caddy varnishd prosody ejabberdctl ngircd inspircd znc swaks python3 promtool mariadbd mmdebstrap umoci skopeo runc ip; do
    PATH="$PATH:/usr/sbin:/usr/local/sbin" command -v "$program" >/dev/null || missing+=("$program")
  done
fi
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "The tests need these servers: ${missing[*]}" >&2
  echo "Run: sudo bash ops/install-test-servers.sh   (or install them with your system's package manager)" >&2
  exit 1
fi

# Installed only to be started by the tests: no service of theirs may run.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
  trap 'rm -f "$policy"' EXIT
fi

echo "Installing the servers that the tests use (${missing[*]}); this can take some minutes …"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
if ! { apt-get -q update && apt-get -q install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
  tail -n 30 "$log" >&2
  echo "apt-get failed; the whole log is in $log" >&2
  exit 1
fi
rm -f "$log"
