#!/bin/sh
# Says that a unit has failed, with the highest priority of the journal (which every terminal shows), and then hands
# over to the operator's own program, if there is one: /etc/vibe-quant/on-failure UNIT.
set -eu

unit=${1:?the unit that has failed}
hook=${VIBE_QUANT_ON_FAILURE:-/etc/vibe-quant/on-failure}

printf '<0>%s has failed and is not started again. Nothing works its positions now. Protective stops at the exchange ' \
    "$unit"
printf 'stand, but do not follow the liquidation price. Look: systemctl status %s; journalctl -u %s -n 100. ' \
    "$unit" "$unit"
printf 'Then start it again: systemctl reset-failed %s; systemctl start %s\n' "$unit" "$unit"

if [ -x "$hook" ]; then
    exec "$hook" "$unit"
fi
