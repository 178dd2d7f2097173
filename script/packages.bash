# shellcheck shell=bash
# Sourced by the scripts beside it: installs Debian's packages without starting what they bring.

# While packages are installed, none of their services is started: they are used as private children, or not at all.
policy=/usr/sbin/policy-rc.d
mark='# Written by Baykeeper while it installs packages.'
createcluster=/etc/postgresql-common/createcluster.conf

hold_services() {
  # One of ours is left from an installation that was killed.
  if [ -e "$policy" ] && ! grep -qF "$mark" "$policy"; then mv "$policy" "$policy.before-baykeeper"; fi
  printf '#!/bin/sh\n%s\nexit 101\n' "$mark" >"$policy"
  chmod 755 "$policy"
  if [ ! -e "$createcluster" ]; then
    # Nor does Debian's PostgreSQL make a database of its own.
    mkdir -p "$(dirname "$createcluster")"
    echo 'create_main_cluster = false' >"$createcluster"
    made_createcluster=yes
  fi
}

release_services() {
  rm -f "$policy"
  [ ! -e "$policy.before-baykeeper" ] || mv "$policy.before-baykeeper" "$policy"
  if [ "${made_createcluster-}" = yes ]; then
    if [ -e /usr/share/postgresql-common/createcluster.conf ]; then
      cp /usr/share/postgresql-common/createcluster.conf "$createcluster"
    else
      rm -f "$createcluster"
    fi
  fi
}

# What the packages would start at the next boot stays off. Only for packages that were installed just now.
disable_services() {
  local package unit
  for package in "$@"; do
    case $package in
      redis-server) set -- redis-server.service ;;
      haproxy) set -- haproxy.service ;;
      lxc) set -- lxc.service lxc-net.service lxc-monitord.service ;;
      docker.io) set -- docker.service docker.socket containerd.service ;;
      postgresql) set -- postgresql.service ;;
      *) set -- ;;
    esac
    for unit in "$@"; do
      DPKG_MAINTSCRIPT_PACKAGE=$package deb-systemd-helper disable "$unit" >/dev/null 2>&1 || true
      update-rc.d "${unit%.*}" disable >/dev/null 2>&1 || true
    done
  done
}

apt_install() {
  local options=(-y -q --no-install-recommends -o DPkg::Lock::Timeout=600 -o Dpkg::Options::=--force-confold)
  DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 apt-get install "${options[@]}" "$@"
}

# Runs in the subshell of its step, where `set -e` does not count and the trap is run at its end.
install_packages() {
  trap release_services EXIT
  hold_services || return 1
  # Lists may be missing, or so old that they name packages which are gone.
  if ! compgen -G '/var/lib/apt/lists/*_Packages*' >/dev/null || ! apt_install "$@"; then
    apt-get update -q || return 1
    apt_install "$@" || return 1
  fi
  disable_services "$@"
}
