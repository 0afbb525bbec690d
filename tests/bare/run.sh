#!/usr/bin/env bash
# The README's two commands on bare Debian machines: a minimal system in a chroot, with Python, git, make and a clone of this
# repository. `make bare` runs it as root; it needs Linux, debootstrap, some 4 GB in TMPDIR and what is committed.
#
#   BARE="bookworm trixie"   Debian's releases
#   BARE_RUN="make demo:make test"   the commands, with a colon between them
#   BARE_MIRROR=URL   Debian's mirror; else that of this machine's apt, else debootstrap's own
#   XDG_CACHE_HOME   postgrad-bare in it keeps the minimal systems (remove them to have newer ones) and the logs
set -euo pipefail

PACKAGES=python3,python3-venv,git,make,ca-certificates
HERE=$(cd "$(dirname "$0")" && pwd)
REPOSITORY=$(cd "$HERE/../.." && pwd)
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/postgrad-bare
LINES_SHOWN=40

say() { printf '%s\n' "$*"; }

fail() {
  say "$*" >&2
  exit 1
}

# What this machine's apt reads Debian from, if it does.
mirror() {
  if [[ -n ${BARE_MIRROR:-} ]]; then
    say "$BARE_MIRROR"
  elif command -v apt-get >/dev/null; then
    # shellcheck disable=SC2016 # apt-get fills in the address
    apt-get indextargets --format '$(REPO_URI)' 'Origin: Debian' 'Label: Debian' 2>/dev/null | head -n 1
  fi
}

# Run a command in namespaces of its own: whatever becomes of it, its mounts and processes end with it.
apart() {
  unshare --mount --pid --fork --kill-child "$@" &
  child=$!
  wait "$child"
}

# Make a release's minimal system, once; later runs unpack it.
base() {
  local release=$1 archive=$CACHE/$1.tar.gz folder=$SCRATCH/base log=$CACHE/$1.debootstrap.log source
  [[ ! -e $archive ]] || return 0
  say "$release: debootstrap …"
  mapfile -t source < <(mirror)
  apart debootstrap --variant=minbase --include="$PACKAGES" "$release" "$folder" "${source[@]}" >"$log" 2>&1 || {
    tail -n "$LINES_SHOWN" "$log"
    fail "$release: debootstrap failed"
  }
  rm -f "$folder"/var/cache/apt/archives/*.deb
  tar --create --gzip --file "$archive.part" --directory "$folder" .
  mv "$archive.part" "$archive"
  rm -rf "$folder"
}

# Let a system reach the network the way this machine does: names, certificates, settings of pip and apt.
carry() {
  local root=$1 file
  for file in /etc/resolv.conf /etc/hosts /etc/ssl/certs/ca-certificates.crt /etc/pip.conf /etc/xdg/pip; do
    [[ -e $file ]] || continue
    mkdir -p "$root${file%/*}"
    cp --recursive --dereference "$file" "$root${file%/*}/"
  done
  if command -v apt-config >/dev/null; then
    apt-config dump | grep -E '^Acquire::(https?|ftp|Check-|ForceIPv|Retries)' >"$root/etc/apt/apt.conf.d/00outer" || true
  fi
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" # a package that is installed starts no service
  chmod +x "$root/usr/sbin/policy-rc.d"
}

# Variables of this machine that say how to reach the network; the commands see no others.
carried() {
  env | grep -E '^(PIP_[A-Z_]+|SSL_CERT_(FILE|DIR)|[A-Z_]*CA_(BUNDLE|CERTS)|[a-z]+_proxy|[A-Z]+_PROXY)=' || true
}

# In namespaces of its own: mount what a machine has, then run one command after the other.
inside() {
  local release=$1 root=$2 outcome=0 links=${PIP_FIND_LINKS:-} command log begun code
  local -a variables commands
  mount -t proc proc "$root/proc"
  mount --rbind /sys "$root/sys"
  mount --rbind /dev "$root/dev"
  mount -t tmpfs tmpfs "$root/dev/shm"
  mount -t tmpfs tmpfs "$root/run"
  if [[ -d $links ]]; then
    mkdir -p "$root$links"
    mount --bind "$links" "$root$links"
  fi
  mapfile -t variables < <(carried)
  IFS=: read -ra commands <<<"${BARE_RUN:-make demo:make test}"
  for command in "${commands[@]}"; do
    log=${command//[^A-Za-z0-9]/-}
    log=$CACHE/$release.${log:0:80}.log
    begun=$SECONDS code=0
    # The shell has its background jobs ignore Ctrl-C; the tests send it.
    chroot "$root" /usr/bin/env -i --default-signal HOME=/root LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
      "${variables[@]}" sh -c "cd /root/postgrad && $command" </dev/null >"$log" 2>&1 || code=$?
    say "$release: $command: exit code $code after $((SECONDS - begun)) s; its output is in $log"
    if ((code)); then
      outcome=1
      tail -n "$LINES_SHOWN" "$log"
    else
      tail -n 1 "$log"
    fi
  done
  return "$outcome"
}

cleanup() {
  [[ -z ${child:-} ]] || kill -KILL "$child" 2>/dev/null || true
  wait
  rm -rf "$SCRATCH"
}

if [[ ${1:-} == --inside ]]; then
  inside "$2" "$3"
  exit
fi

[[ $EUID == 0 ]] || fail "make bare needs root: it runs systems in a chroot"
if ! command -v debootstrap >/dev/null; then
  command -v apt-get >/dev/null || fail "make bare needs debootstrap"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq debootstrap
fi
mkdir -p "$CACHE"
SCRATCH=$(mktemp -d "${TMPDIR:-/tmp}/postgrad-bare.XXXXXX")
trap cleanup EXIT
trap 'exit 130' INT TERM
[[ -z $(git -C "$REPOSITORY" status --porcelain) ]] || say "what is not committed is left out"

failed=()
for release in ${BARE:-bookworm trixie}; do
  base "$release"
  root=$SCRATCH/$release
  mkdir "$root"
  tar --extract --file "$CACHE/$release.tar.gz" --directory "$root"
  carry "$root"
  git -c safe.directory='*' clone --quiet --no-hardlinks "$REPOSITORY" "$root/root/postgrad"
  apart "$HERE/run.sh" --inside "$release" "$root" || failed+=("$release")
  rm -rf "$root"
done
((${#failed[@]} == 0)) || fail "make bare: it does not work on ${failed[*]}"
say "make bare: all ended with 0 on ${BARE:-bookworm trixie}"
