#!/usr/bin/env bash
# Runs doctor or check as a service's user, with the credentials that its unit gets, and beside that service.
set -Eeuo pipefail
export LC_ALL=C

usage() {
    cat <<'TEXT'
Usage: with-credentials [--unit UNIT] doctor|check [ARGUMENTS]

Runs `vibe-quant doctor` or `vibe-quant check` in a unit of its own: as the user of the service, with its configuration
and copies of its credentials (those of its unit and your drop-ins), which nobody else can read and which are gone when
it ends. The service is not touched. The exit code is that of the command.

  --unit UNIT   vibe-quant (default), or vibe-quant@NAME: whose configuration and credentials
  -h, --help    this text

Examples:
  sudo /opt/vibe-quant/current/libexec/with-credentials doctor
  sudo /opt/vibe-quant/current/libexec/with-credentials --unit vibe-quant@one check --online
TEXT
}

fail() {
    printf 'with-credentials: %s\n' "$*" >&2
    exit 2
}

UNIT=vibe-quant
while [ $# -gt 0 ]; do
    case $1 in
        --unit)
            if [ $# -lt 2 ] || [ -z "$2" ]; then fail "--unit needs a value"; fi
            UNIT=${2%.service}
            shift 2
            ;;
        -h | --help) usage && exit 0 ;;
        doctor | check) break ;;
        *) fail "$1 is not run here, only doctor and check; see --help" ;;
    esac
done
[ $# -gt 0 ] || fail "which command? doctor or check; see --help"

NAME=${UNIT#vibe-quant}
NAME=${NAME#@}
case $UNIT in
    vibe-quant) CONFIG=/etc/vibe-quant/config.yaml ;;
    vibe-quant@?*) CONFIG=/etc/vibe-quant/$NAME/config.yaml ;;
    *) fail "$UNIT is no unit of vibe-quant: vibe-quant, or vibe-quant@NAME" ;;
esac

# As systemd reads them: in the order of unit and drop-ins, and an empty one takes away those before it.
LINES=$(systemctl cat "$UNIT.service") || fail "$UNIT.service is not installed; see install.sh"
GIVEN=()
while IFS= read -r line; do
    case $line in
        LoadCredential= | LoadCredentialEncrypted=) GIVEN=() ;;
        LoadCredential=* | LoadCredentialEncrypted=*) GIVEN+=("--property=${line//%i/$NAME}") ;;
    esac
done <<<"$LINES"

# With both --pty and --pipe a person has a terminal there, and a pipe stays a pipe. No core dump holds a key.
exec systemd-run --quiet --wait --collect --pty --pipe \
    --property=User=vibe-quant --property=Group=vibe-quant --property=UMask=0077 --property=LimitCORE=0 \
    --property=NoNewPrivileges=yes --property=PrivateTmp=yes --property=ProtectHome=yes \
    --setenv=VIBE_QUANT_CONFIG="$CONFIG" --setenv=MPLCONFIGDIR=/tmp --setenv=PYTHONDONTWRITEBYTECODE=1 \
    "${GIVEN[@]}" -- /opt/vibe-quant/current/bin/vibe-quant "$@"
