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
    apt-get indextargets --format '$(REPO_URI)' 'Origin: Debian' 'Label: Debian' 2>/dev/null | head -n 1
  fi
}

# Make a release's minimal system, once; later runs unpack it.
base() {
  local release=$1 archive=$CACHE/$1.tar.gz folder
  if [[ ! -e $archive ]]; then
    folder=$(mktemp -d "$SCRATCH/base.XXXXXX")
    say "$release: debootstrap …"
    debootstrap --variant=minbase --include="$PACKAGES" "$release" "$folder" "$(mirror)" >"$CACHE/$release.debootstrap.log" 2>&1 ||
      { tail -n "$LINES_SHOWN" "$CACHE/$release.debootstrap.log"; fail "$release: debootstrap failed"; }
    tar --create --gzip --file "$archive.part" --directory "$folder" .
    mv "$archive.part" "$archive"
    rm -rf "$folder"
  fi
}

# Let a system reach the network the way this machine does: names, certificates, settings of pip and apt.
carry() {
  local root=$1 file
  for file in /etc/resolv.conf /etc/hosts /etc/ssl/certs/ca-certificates.crt /etc/pip.conf /etc/xdg/pip; do
    [[ ! -e $file ]] || { mkdir -p "$root$(dirname "$file")" && cp --recursive --dereference "$file" "$root$(dirname "$file")/"; }
  done
  if command -v apt-config >/dev/null; then
    apt-config dump | grep -E '^Acquire::(https?|ftp|Check-|ForceIPv|Retries)' >"$root/etc/apt/apt.conf.d/00outer" || true
  fi
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" # a package that is installed starts no service
  chmod +x "$root/usr/sbin/policy-rc.d"
}

# Variables of this machine that say how to reach the network; a bare machine has no others of them.
carried() {
  env | grep -E '^(PIP_[A-Z_]+|SSL_CERT_(FILE|DIR)|[A-Z_]*CA_(BUNDLE|CERTS)|[a-z]+_proxy|[A-Z]+_PROXY)=' || true
}

# Inside namespaces of its own: mount what a machine has, then run one command after the other. Whatever becomes of this
# process, its mounts and the processes that it has left end with it.
inside() {
  local release=$1 root=$2 outcome=0 command log begun code links
  mount --make-rprivate /
  mount -t proc proc "$root/proc"
  mount --rbind /sys "$root/sys"
  mount --rbind /dev "$root/dev"
  mount -t tmpfs tmpfs "$root/dev/shm"
  mount -t tmpfs tmpfs "$root/run"
  links=${PIP_FIND_LINKS:-}
  if [[ -d $links ]]; then
    mkdir -p "$root$links"
    mount --bind "$links" "$root$links"
    mount -o remount,bind,ro "$root$links"
  fi
  local -a variables
  mapfile -t variables < <(carried)
  IFS=: read -ra commands <<<"${BARE_RUN:-make demo:make test}"
  for command in "${commands[@]}"; do
    log=$CACHE/$release.${command//[^a-z0-9]/-}.log
    log=${log:0:200}
    begun=$SECONDS code=0
    chroot "$root" /usr/bin/env -i HOME=/root LANG=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
      "${variables[@]}" sh -c "cd /root/postgrad && $command" </dev/null >"$log" 2>&1 || code=$?
    say "$release: $command: exit code $code after $((SECONDS - begun)) s; all of its output is in $log"
    if ((code)); then
      outcome=1
      tail -n "$LINES_SHOWN" "$log"
    else
      grep -v '^$' "$log" | tail -n 1
    fi
  done
  return "$outcome"
}

try() {
  local release=$1 root
  base "$release"
  root=$(mktemp -d "$SCRATCH/$release.XXXXXX")
  tar --extract --file "$CACHE/$release.tar.gz" --directory "$root"
  carry "$root"
  git -c safe.directory='*' clone --quiet --no-hardlinks "$REPOSITORY" "$root/root/postgrad"
  unshare --mount --pid --fork --kill-child "$0" --inside "$release" "$root"
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
trap 'rm -rf "$SCRATCH"' EXIT
trap 'exit 130' INT TERM
[[ -z $(git -C "$REPOSITORY" status --porcelain) ]] || say "what is not committed is left out"

failed=()
for release in ${BARE:-bookworm trixie}; do
  try "$release" || failed+=("$release")
done
((${#failed[@]} == 0)) || fail "make bare: it does not work on ${failed[*]}"
say "make bare: everything ended with 0 on ${BARE:-bookworm trixie}"
