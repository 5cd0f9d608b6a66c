// Distance to liquidation with the rungs of defence, to scale: liquidation at the left, safety to the right.

import { colours, label, surface } from "./canvas.js";
import { percent } from "./words.js";

const BAR = 27;
const THICK = 12;
const FAR = 3;
const SHIFT = 44;

/** Draws leg.ladder and leg.dist; further than three times the widest rung is shown as beyond the edge. */
export function drawLadder(canvas, leg) {
  const on = surface(canvas);
  if (!on) return;
  const { pen, width } = on;
  const tones = colours();
  const rungs = leg.ladder.map(([name, at]) => ({ name, at: Number(at) }));
  const dist = leg.dist == null ? null : Number(leg.dist);
  const widest = Math.max(...rungs.map((rung) => rung.at), 0.001);
  const beyond = dist !== null && dist > widest * FAR;
  const most = beyond ? widest * FAR : Math.max(widest * 1.25, (dist ?? 0) * 1.06);
  const right = width - (beyond ? 22 : 4);
  const x = (ratio) => 2 + (Math.max(0, ratio) / most) * (right - 2);
  pen.font = `11px ${tones.font}`;
  pen.textBaseline = "middle";
  zones(pen, tones, x, rungs, most);
  marks(pen, tones, x, rungs, width);
  if (dist !== null) needle(pen, tones, beyond ? right + 9 : x(dist), dist, beyond, width, worst(tones, rungs, dist));
}

function zones(pen, tones, x, rungs, most) {
  const edges = [...rungs].sort((one, other) => one.at - other.at);
  let from = 0;
  for (const rung of [...edges, { name: "", at: most }]) {
    pen.fillStyle = rung.name ? shade(tones, rung.name) : tones.good;
    pen.globalAlpha = rung.name ? 0.5 : 0.22;
    pen.fillRect(x(from), BAR, Math.max(0, x(rung.at) - x(from) - 1), THICK);
    from = rung.at;
  }
  pen.globalAlpha = 1;
  pen.fillStyle = tones.bad;
  pen.fillRect(0, BAR - 4, 3, THICK + 8);
}

/** What is between a rung and the next lower one. */
function shade(tones, name) {
  return name === "soft" ? tones.warn : name === "stop" ? tones.bad : tones.taker;
}

/** Names below the bar, left out where they would lie on each other: in two rows. */
function marks(pen, tones, x, rungs, width) {
  const ends = [-Infinity, -Infinity];
  for (const rung of [...rungs].sort((one, other) => one.at - other.at)) {
    const at = x(rung.at);
    const text = `${rung.name} ${percent(rung.at, rung.at < 0.0995 ? 1 : 0)}`;
    const half = pen.measureText(text).width / 2;
    const want = Math.min(Math.max(at - half, 1), width - 2 * half - 1);
    const row = ends.findIndex((end) => end + 8 - want < SHIFT);
    pen.fillStyle = shade(tones, rung.name);
    pen.fillRect(at - 0.75, BAR - 3, 1.5, THICK + 6);
    if (row < 0) continue;
    const left = Math.max(want, ends[row] + 8);
    ends[row] = left + 2 * half;
    pen.fillStyle = tones.ink_2;
    label(pen, text, left, BAR + THICK + 10 + row * 13, width);
  }
}

function worst(tones, rungs, dist) {
  const reached = rungs.filter((rung) => dist <= rung.at).sort((one, other) => one.at - other.at)[0];
  return reached ? shade(tones, reached.name) : tones.ink;
}

function needle(pen, tones, at, dist, beyond, width, tone) {
  pen.fillStyle = tone;
  pen.beginPath();
  if (beyond) pen.moveTo(at + 8, BAR + THICK / 2);
  pen.lineTo(...(beyond ? [at - 3, BAR - 2] : [at, BAR + 3]));
  pen.lineTo(...(beyond ? [at - 3, BAR + THICK + 2] : [at - 6, BAR - 8]));
  if (!beyond) pen.lineTo(at + 6, BAR - 8);
  pen.fill();
  pen.font = `600 12px ${colours().font}`;
  label(pen, `now ${percent(dist)}`, beyond ? width - pen.measureText(`now ${percent(dist)}`).width / 2 : at, 9, width, "center");
}
