#!/usr/bin/env bash
# Installs vibe-quant from this checkout as a systemd service, or upgrades one. Read `install.sh --help` first.
set -Eeuo pipefail
umask 022
export LC_ALL=C

usage() {
    cat <<'TEXT'
Usage: install.sh [COMMAND] [OPTIONS]

Commands:
  install    (default) install this checkout, or upgrade to it
  rollback   go back to the version that was current before
  versions   list what is installed
  prune      remove versions that are neither current nor the one before, and that no process and no unit uses

Options:
  --dry-run        print each step, and do none
  --wheels DIR     take the packages from DIR, without a network (make wheels fills build/wheels)
  --python PATH    the interpreter to build with (default: python3; 3.11 or newer)
  --no-restart     leave running services with the version they run
  --root DIR       put everything below DIR, and touch no user and no service: to try this script
  -h, --help       this text

What it does, in this order; a step that fails ends it, and nothing that ran before is changed by then:
  1. a system user vibe-quant, without a shell or a home
  2. the version in a folder of its own, /opt/vibe-quant/VERSION-HASH: a virtual environment with the packages of
     requirements.txt, each held to its hash
  3. every configuration in /etc/vibe-quant is checked by the new version; one that does not hold ends the upgrade
  4. a first config.yaml where there is none (simulated exchange); one that is there is never written
  5. the units in /etc/systemd/system; your drop-ins stay
  6. /opt/vibe-quant/current points to the new version, in one step
  7. services that run are restarted, one by one: own orders are cancelled, protective stops stay at the exchange
     throughout, and each must say that it is ready before the next one's turn

It never starts a service that does not run, never enables one, and never turns real money on.
TEXT
}

fail() {
    printf 'install.sh: %s\n' "$*" >&2
    exit 1
}

step() { printf '\n== %s\n' "$*"; }
say() { printf '   %s\n' "$*"; }

# Runs a command, or with --dry-run prints it.
run() {
    if [ "$DRY" = yes ]; then
        printf '   would run:'
        printf ' %q' "$@"
        printf '\n'
    else
        "$@"
    fi
}

# systemd, which below another root is nobody's unless SYSTEMCTL names one.
manager() {
    if [ -n "$SYSTEMCTL" ]; then run "$SYSTEMCTL" "$@"; else say "not done below --root: systemctl $*"; fi
}

as_root() { [ -z "$ROOT" ]; }

COMMAND=install DRY=no WHEELS='' PYTHON=python3 RESTART=yes ROOT=''
while [ $# -gt 0 ]; do
    case $1 in
        install | rollback | versions | prune) COMMAND=$1 ;;
        --dry-run) DRY=yes ;;
        --no-restart) RESTART=no ;;
        --wheels | --python | --root)
            if [ $# -lt 2 ] || [ -z "$2" ]; then fail "$1 needs a value"; fi
            case $1 in --wheels) WHEELS=$2 ;; --python) PYTHON=$2 ;; --root) ROOT=${2%/} ;; esac
            shift
            ;;
        -h | --help) usage && exit 0 ;;
        *) fail "unknown: $1; see --help" ;;
    esac
    shift
done

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
SOURCE=$(cd "$HERE/../.." && pwd)
OPT=$ROOT/opt/vibe-quant
ETC=$ROOT/etc/vibe-quant
CREDENTIALS=$ROOT/etc/credstore
UNITS=$ROOT/etc/systemd/system
BIN=$ROOT/usr/local/bin
ACCOUNT=vibe-quant
if as_root; then SYSTEMCTL=systemctl; else SYSTEMCTL=${SYSTEMCTL:-}; fi
if [ "$DRY" = yes ]; then CHECKED=/dev/stdout; else CHECKED=/dev/null; fi
WORK=''
trap '[ -z "$WORK" ] || rm -rf -- "$WORK"' EXIT

check_host() {
    if as_root; then
        [ "$(id -u)" = 0 ] || [ "$DRY" = yes ] || fail "run it as root (or look at it with --dry-run)"
        command -v systemctl >/dev/null || fail "there is no systemd here; deploy/docker has a container instead"
        local version
        version=$(systemctl --version | awk 'NR == 1 { print int($2) }')
        [ "$version" -ge 252 ] || fail "systemd $version is too old: the units need 252 (Debian 12, Ubuntu 24.04, RHEL 9)"
    fi
    [ -z "$WHEELS" ] || [ -d "$WHEELS" ] || fail "--wheels $WHEELS is no folder; make wheels fills build/wheels"
    "$PYTHON" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
        fail "$PYTHON is no Python 3.11 or newer with venv (Debian: apt install python3-venv); name one with --python"
}

# One at a time: two upgrades would cross each other's switch.
lock() {
    [ "$DRY" = yes ] && return
    mkdir -p "$OPT"
    exec 9>"$OPT/.lock"
    flock -n 9 || fail "another install.sh is at work here"
}

# The version and what it is made of: the same source is the same folder, another one never the same.
version_id() {
    local version digest
    version=$(sed -n 's/^__version__ = "\(.*\)"$/\1/p' "$SOURCE/src/vibe_quant/__init__.py")
    [ -n "$version" ] || fail "$SOURCE is no checkout of vibe-quant"
    digest=$(
        cd "$SOURCE"
        {
            "$PYTHON" -V
            find src pyproject.toml requirements.txt README.md deploy/systemd -type f ! -path '*/__pycache__/*' \
                ! -path '*.egg-info/*' -print0 | sort -z | xargs -0 sha256sum
        } | sha256sum
    )
    printf '%s-%s\n' "$version" "${digest:0:8}"
}

add_user() {
    step "the user $ACCOUNT, who owns state and logs and nothing else"
    if ! as_root; then
        say "not done below --root"
    elif getent passwd "$ACCOUNT" >/dev/null; then
        say "is there"
    else
        run useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin "$ACCOUNT"
    fi
}

# A virtual environment knows its own path, so it is made where it is to stay; .complete is its last file.
build() {
    local target=$OPT/$1 index=()
    step "version $1, beside what runs"
    if [ -e "$target/.complete" ]; then
        say "is built already"
        return
    fi
    [ -z "$WHEELS" ] || index=(--no-index --find-links "$(cd "$WHEELS" && pwd)")
    run mkdir -p "$OPT"
    run rm -rf -- "$target"
    run "$PYTHON" -m venv "$target"
    say "its packages, each by its hash"
    run "$target/bin/python" -m pip install --quiet --disable-pip-version-check --no-input "${index[@]}" \
        --require-hashes --only-binary :all: --requirement "$SOURCE/requirements.txt"
    say "and itself, from a copy: a build leaves nothing in the checkout"
    WORK=$(mktemp -d)
    run cp -R "$SOURCE/pyproject.toml" "$SOURCE/README.md" "$SOURCE/src" "$WORK/"
    run "$target/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --no-index --no-deps \
        --no-build-isolation "$WORK"
    run install -D -m 0755 "$HERE/alarm.sh" "$target/libexec/alarm"
    run install -D -m 0755 "$HERE/with-credentials.sh" "$target/libexec/with-credentials"
    run install -D -m 0644 "$HERE/../README.md" "$target/share/README.md"
    run install -m 0644 -t "$target/share" "$HERE"/*.service
    run "$target/bin/vibe-quant" version
    run chmod -R u=rwX,go=rX "$target"
    run touch "$target/.complete"
}

configurations() {
    local file
    for file in "$ETC/config.yaml" "$ETC"/*/config.yaml; do [ -f "$file" ] && printf '%s\n' "$file"; done
    return 0
}

# What is configured must hold for the version that is to run it, before anything is switched; read by who will read it.
check_configurations() {
    local version=$1 file files as=()
    step "the configurations, as version $version reads them"
    if as_root; then as=(runuser -u "$ACCOUNT" --); fi
    mapfile -t files < <(configurations)
    for file in "${files[@]}"; do
        say "$file"
        run "${as[@]}" "$OPT/$version/bin/vibe-quant" check --config "$file" </dev/null >"$CHECKED" ||
            fail "$file does not hold for $version (see above). Nothing was switched: what runs goes on as it is"
    done
    [ "${#files[@]}" -gt 0 ] || say "none yet"
}

put() { # MODE GROUP SOURCE TARGET
    if as_root; then run install -m "$1" -o root -g "$2" "$3" "$4"; else run install -m "$1" "$3" "$4"; fi
}

configure() {
    step "configuration in $ETC, credentials in $CREDENTIALS"
    if as_root; then run install -d -m 0750 -o root -g "$ACCOUNT" "$ETC"; else run install -d -m 0750 "$ETC"; fi
    [ -d "$CREDENTIALS" ] || run install -d -m 0700 "$CREDENTIALS"
    if [ -e "$ETC/config.yaml" ]; then
        say "config.yaml is there and stays as it is"
    else
        put 0640 "$ACCOUNT" "$SOURCE/config/config.yaml" "$ETC/config.yaml"
        say "config.yaml is new: it begins with a simulated exchange (global.venue: sim)"
    fi
}

put_units() {
    local file target from=$OPT/$1/share
    [ -d "$from" ] || [ "$DRY" = no ] || from=$HERE # a version that is only imagined has none yet
    step "units in $UNITS"
    run mkdir -p "$UNITS" "$BIN"
    for file in "$from"/*.service; do
        [ -e "$file" ] || continue
        target=$UNITS/${file##*/}
        if cmp -s "$file" "$target"; then
            say "${file##*/} is as it should be"
        else
            run install -m 0644 "$file" "$target"
        fi
    done
    run ln -sfn "$OPT/current/bin/vibe-quant" "$BIN/vibe-quant"
    manager daemon-reload
}

switch() {
    local version=$1 before
    before=$(readlink "$OPT/current" 2>/dev/null || true)
    step "current: ${before:-nothing} -> $version"
    if [ "$before" = "$version" ]; then
        say "is it already"
        return
    fi
    [ -z "$before" ] || point previous "$before"
    point current "$version"
}

# A link that is replaced in one step: nobody ever finds none there.
point() {
    run ln -sfn "$2" "$OPT/.$1.new"
    run mv -T "$OPT/.$1.new" "$OPT/$1"
}

running() {
    [ -n "$SYSTEMCTL" ] || return 0
    "$SYSTEMCTL" list-units --plain --no-legend --state=active,activating,reloading \
        vibe-quant.service 'vibe-quant@*.service' | awk '{ print $1 }'
}

restart_running() {
    local unit units
    step "services that run"
    mapfile -t units < <(running)
    for unit in "${units[@]}"; do
        if [ "$RESTART" = no ]; then
            say "$unit goes on with the version it runs, until: systemctl restart $unit"
            continue
        fi
        say "$unit: its orders are cancelled, its protective stops stay; then it must say that it is ready"
        manager reset-failed "$unit" || true # or this start would count among those of an hour
        manager restart "$unit" || fail "$unit has not become ready: systemctl status $unit; journalctl -u $unit -n 100.
            Protective stops stand at the exchange. To go back: ${BASH_SOURCE[0]} rollback"
        manager show --property=StatusText "$unit"
    done
    [ "${#units[@]}" -gt 0 ] || say "none"
}

next_steps() {
    [ -z "$(running)" ] || return 0
    cat <<TEXT

Installed, and nothing was started. Next:
  1. edit $ETC/config.yaml (venue sim or paper at first), and: vibe-quant check --config $ETC/config.yaml
  2. for testnet and live, the key as two files of root's, each with nothing else in it:
       install -m 0600 /dev/stdin $CREDENTIALS/vibe-quant.api_key      (then paste, Enter, Ctrl-D)
       install -m 0600 /dev/stdin $CREDENTIALS/vibe-quant.api_secret
  3. systemctl start vibe-quant; systemctl status vibe-quant; later: systemctl enable vibe-quant
  4. real money needs two words: venue live in config.yaml, and a drop-in that says --live (see the unit's first lines)
TEXT
}

# What a process has open of a folder: its program, where it stands, what it was called by, what it has loaded. Each is
# read to its end, for a pipe that is cut short would look like a process that has nothing of it.
traces() { # /proc/PID
    readlink "$1/exe" || true
    readlink "$1/cwd" | sed 's,$,/,' || true
    tr '\0' '\n' <"$1/cmdline" || true
    cat "$1/maps" || true
}

# Who uses a version, in words; nothing where nobody does.
user_of() { # VERSION
    local named=(-e "$OPT/$1/" -e "$(readlink -f "$OPT/$1")/") process folder unit
    for process in /proc/[0-9]*; do
        if traces "$process" 2>/dev/null | grep -F "${named[@]}" >/dev/null; then
            printf 'process %s (%s)\n' "${process##*/}" "$(cat "$process/comm" 2>/dev/null || true)"
            return
        fi
    done
    for folder in "$UNITS" "$ROOT"/{run,usr/lib,lib,usr/local/lib}/systemd/system; do
        [ -d "$folder" ] || continue
        unit=$(grep -rlF "${named[@]}" "$folder" | sort | sed -n 1p)
        if [ -n "$unit" ]; then
            printf '%s, which names it\n' "$unit"
            return
        fi
    done
}

prune() {
    local current folder name user
    if as_root; then [ "$(id -u)" = 0 ] || fail "run it as root: nobody else sees what every process uses"; fi
    [ -e /proc/self/maps ] || fail "/proc is not there, so what runs from a version cannot be seen: nothing was removed"
    current=$(readlink "$OPT/current") || fail "there is no current version"
    for folder in "$OPT"/*/; do
        name=$(basename "$folder")
        case $name in "$current" | "$(readlink "$OPT/previous" 2>/dev/null)" | current | previous) continue ;; esac
        step "$name"
        user=$(user_of "$name")
        if [ -n "$user" ]; then
            say "stays: it is used by $user"
        else
            run rm -rf -- "${OPT:?}/$name"
        fi
    done
}

case $COMMAND in
    install)
        check_host
        lock
        VERSION=$(version_id)
        add_user
        build "$VERSION"
        check_configurations "$VERSION"
        configure
        switch "$VERSION"
        put_units "$VERSION"
        restart_running
        next_steps
        ;;
    rollback)
        check_host
        lock
        VERSION=$(readlink "$OPT/previous" 2>/dev/null) || fail "there is no version before this one"
        [ -e "$OPT/$VERSION/.complete" ] || fail "$OPT/$VERSION is not complete any more"
        check_configurations "$VERSION"
        switch "$VERSION"
        put_units "$VERSION"
        restart_running
        ;;
    versions)
        for folder in "$OPT"/*/; do
            name=$(basename "$folder")
            if [ ! -e "$folder/.complete" ] || [ -L "${folder%/}" ]; then continue; fi
            mark=''
            [ "$(readlink "$OPT/current" 2>/dev/null)" != "$name" ] || mark=' (current)'
            [ "$(readlink "$OPT/previous" 2>/dev/null)" != "$name" ] || mark=' (the one before)'
            printf '%s%s\n' "$name" "$mark"
        done
        ;;
    prune)
        lock
        prune
        ;;
esac
