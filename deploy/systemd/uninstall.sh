#!/usr/bin/env bash
# Takes the service away again. It closes no position and cancels no protective stop; state, logs, configuration and
# credentials stay unless --purge says otherwise. Read `uninstall.sh --help` first.
set -Eeuo pipefail
export LC_ALL=C

usage() {
    cat <<'TEXT'
Usage: uninstall.sh [OPTIONS]

Options:
  --dry-run   print each step, and do none
  --stop      stop services that run; without it a running service is left alone and nothing is done
  --purge     remove configuration, credentials, journals, logs and the user too; it asks first
  --yes       do not ask
  --root DIR  as with install.sh: to try this script
  -h, --help  this text

The journal (/var/lib/vibe-quant*) is the only complete record of what was traded and what it cost: copy it before
you purge. After a stop nobody works the positions any more. Their protective stops stay at the exchange, but do not
follow the liquidation price: look after them by hand.
TEXT
}

fail() {
    printf 'uninstall.sh: %s\n' "$*" >&2
    exit 1
}

step() { printf '\n== %s\n' "$*"; }
say() { printf '   %s\n' "$*"; }

run() {
    if [ "$DRY" = yes ]; then
        printf '   would run:'
        printf ' %q' "$@"
        printf '\n'
    else
        "$@"
    fi
}

DRY=no STOP=no PURGE=no YES=no ROOT=''
while [ $# -gt 0 ]; do
    case $1 in
        --dry-run) DRY=yes ;;
        --stop) STOP=yes ;;
        --purge) PURGE=yes ;;
        --yes) YES=yes ;;
        --root)
            if [ $# -lt 2 ] || [ -z "$2" ]; then fail "--root needs a value"; fi
            ROOT=${2%/}
            shift
            ;;
        -h | --help) usage && exit 0 ;;
        *) fail "unknown: $1; see --help" ;;
    esac
    shift
done

UNITS=$ROOT/etc/systemd/system
ACCOUNT=vibe-quant
if [ -z "$ROOT" ]; then SYSTEMCTL=systemctl; else SYSTEMCTL=${SYSTEMCTL:-}; fi
[ -n "$ROOT" ] || [ "$(id -u)" = 0 ] || [ "$DRY" = yes ] || fail "run it as root (or look at it with --dry-run)"

manager() {
    if [ -n "$SYSTEMCTL" ]; then run "$SYSTEMCTL" "$@"; else say "not done below --root: systemctl $*"; fi
}

units() { # in one of these states
    [ -n "$SYSTEMCTL" ] || return 0
    "$SYSTEMCTL" list-units --all --plain --no-legend --state="$1" vibe-quant.service 'vibe-quant@*.service' |
        awk '{ print $1 }'
}

BUSY=active,activating,deactivating,reloading
RUNNING=$(units "$BUSY")
if [ -n "$RUNNING" ] && [ "$STOP" = no ]; then
    fail "at work: ${RUNNING//$'\n'/, }. Nothing was done. Its positions would be left to their stops alone: close them
    or take them over first, then stop it (systemctl stop ${RUNNING//$'\n'/ }), or give --stop"
fi
if [ "$PURGE" = yes ] && [ "$YES" = no ] && [ "$DRY" = no ]; then
    [ -t 0 ] || fail "--purge asks, and nobody is there to answer; give --yes if you mean it"
    read -r -p "Remove every journal, configuration and credential of vibe-quant on this host? Type purge: " answer
    [ "$answer" = purge ] || fail "nothing was done"
fi

while read -r unit; do
    [ -n "$unit" ] || continue
    step "stop $unit: own orders are cancelled, protective stops stay"
    manager stop "$unit" || say "it has not stopped cleanly: own orders may rest, journalctl -u $unit -n 50 says which"
done <<<"$RUNNING"
if [ "$DRY" = no ] && [ -n "$(units "$BUSY")" ]; then fail "a service runs still; nothing was removed"; fi

step "units"
for file in "$UNITS"/vibe-quant.service "$UNITS"/vibe-quant@.service "$UNITS"/vibe-quant-alarm@.service; do
    [ -e "$file" ] || continue
    case $file in *alarm*) ;; *@.service) ;; *) manager disable "$(basename "$file")" || true ;; esac
    run rm -f -- "$file"
done
for link in "$UNITS"/*.wants/vibe-quant@*.service; do # or the next installation would find its accounts enabled
    [ ! -L "$link" ] || run rm -f -- "$link"
done
for folder in "$UNITS"/vibe-quant*.d; do
    [ -d "$folder" ] || continue
    if [ "$PURGE" = yes ]; then run rm -rf -- "$folder"; else say "your drop-ins stay: $folder"; fi
done
manager daemon-reload

step "program"
run rm -f -- "$ROOT/usr/local/bin/vibe-quant"
run rm -rf -- "$ROOT/opt/vibe-quant"

if [ "$PURGE" = yes ]; then
    step "configuration, credentials, journals, logs, user"
    for path in "$ROOT"/etc/vibe-quant "$ROOT"/var/lib/vibe-quant* "$ROOT"/var/log/vibe-quant* \
        "$ROOT"/etc/credstore/vibe-quant[.-]* "$ROOT"/etc/credstore.encrypted/vibe-quant[.-]*; do
        [ ! -e "$path" ] || run rm -rf -- "$path"
    done
    if [ -z "$ROOT" ] && getent passwd "$ACCOUNT" >/dev/null; then run userdel "$ACCOUNT"; fi
else
    step "kept"
    for path in "$ROOT"/etc/vibe-quant "$ROOT"/var/lib/vibe-quant* "$ROOT"/var/log/vibe-quant* \
        "$ROOT"/etc/credstore/vibe-quant[.-]* "$ROOT"/etc/credstore.encrypted/vibe-quant[.-]*; do
        [ ! -e "$path" ] || say "$path"
    done
fi

cat <<'TEXT'

Done. Positions and their protective stops are at the exchange as before: nobody works them now, and the stops do not
follow the liquidation price any more.
TEXT
