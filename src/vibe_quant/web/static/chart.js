// The price of one symbol with the orders and fills of one side, the newest at the right.

import { colours, label, surface } from "./canvas.js";
import { grouped, places } from "./words.js";

const GAP_MS = 12000;
const RIGHT = 74;
const BOTTOM = 18;
const TOP = 30;
const MOST = 4000;

export class Chart {
  constructor(canvas) {
    this.canvas = canvas;
    this.points = [];
    this.orders = new Map();
    this.fills = [];
    this.span = 300000;
  }

  /** Points [ms, bid, ask, mark] of before; those that came since stay. */
  past(points) {
    const last = points.at(-1)?.[0] ?? -Infinity;
    this.points = [...points.map(numbers), ...this.points.filter((point) => point[0] > last)];
  }

  add(at, leg) {
    this.points.push(numbers([at, leg.bid, leg.ask, leg.mark]));
    if (this.points.length > MOST) this.points.splice(0, MOST / 4);
  }

  /** A mark of this side: an order, told again when it ends, or a fill. */
  mark(mark) {
    if (mark.kind === "fill") {
      if (!this.fills.some((fill) => fill.seq === mark.seq)) this.fills.push({ ...mark, price: Number(mark.price) });
      if (this.fills.length > MOST / 2) this.fills.splice(0, MOST / 4);
    } else if (mark.price != null) {
      this.orders.set(`${mark.id} ${mark.from_ms}`, { ...mark, price: Number(mark.price) });
      if (this.orders.size > MOST / 2) this.orders.delete(this.orders.keys().next().value);
    }
  }

  /** An order that is not the side's live one any more has ended, whoever forgot to say so. */
  settle(now, leg) {
    for (const order of this.orders.values()) {
      if (!order.until_ms && order.id !== leg.order?.client_id && now - order.from_ms > 3000) order.until_ms = now;
    }
  }

  draw(now, leg) {
    this.settle(now, leg);
    const on = surface(this.canvas);
    if (!on) return;
    const { pen, width, height } = on;
    const tones = colours();
    const from = now - this.span;
    const seen = this.points.filter((point) => point[0] >= from - GAP_MS);
    pen.font = `11px ${tones.font}`;
    pen.textBaseline = "middle";
    const range = this.range(seen, from, leg);
    if (!range) {
      pen.fillStyle = tones.ink_3;
      label(pen, "no price yet", width / 2, height / 2, width, "center");
      return;
    }
    const at = {
      x: (ms) => ((ms - from) / this.span) * (width - RIGHT),
      y: (price) => TOP + ((range.high - price) / (range.high - range.low)) * (height - TOP - BOTTOM),
    };
    const middle = middleOf(seen.at(-1));
    this.axes(pen, tones, at, range, { width, height, from, leg, middle });
    pen.save();
    pen.beginPath();
    pen.rect(0, 0, width - RIGHT + 1, height - BOTTOM);
    pen.clip();
    quotes(pen, tones, at, seen);
    this.own(pen, tones, at, from, now);
    pen.restore();
    this.tags(pen, tones, at, { width, height, leg, middle, arrival: Number(leg.arrival) });
  }

  range(seen, from, leg) {
    const prices = seen.flatMap((point) => point.slice(1)).filter((price) => price > 0);
    if (!prices.length) return null;
    let [low, high] = [Math.min(...prices), Math.max(...prices)];
    const step = 10 ** -places(leg.bid ?? leg.mark ?? "0.01");
    const wide = Math.max(high - low, 10 * step);
    const own = [...this.orders.values()].filter((order) => (order.until_ms ?? Infinity) >= from).map((order) => order.price);
    own.push(...this.fills.filter((fill) => fill.at_ms >= from).map((fill) => fill.price), Number(leg.arrival ?? NaN));
    for (const price of own) {
      if (price > low - wide && price < high + wide) [low, high] = [Math.min(low, price), Math.max(high, price)];
    }
    const room = Math.max((high - low) * 0.08, 2 * step);
    return { low: low - room, high: high + room };
  }

  axes(pen, tones, at, range, { width, height, from, leg, middle }) {
    pen.lineWidth = 1;
    pen.strokeStyle = tones.line;
    pen.fillStyle = tones.ink_3;
    const digits = places(leg.bid ?? leg.mark ?? "0.01");
    for (const price of ticks(range.low, range.high, Math.max(2, Math.floor((height - TOP - BOTTOM) / 42)))) {
      const y = Math.round(at.y(price)) + 0.5;
      line(pen, 0, y, width - RIGHT, y);
      const hidden = [middle, leg.order?.price].some((other) => other && Math.abs(y - at.y(Number(other))) < 15);
      if (!hidden) label(pen, grouped(price.toFixed(digits)), width - RIGHT + 7, y, width);
    }
    const every = this.span / (width < 520 ? 3 : 5);
    for (let ms = Math.ceil(from / every) * every; ms <= from + this.span; ms += every) {
      const x = Math.round(at.x(ms)) + 0.5;
      line(pen, x, TOP - 6, x, height - BOTTOM);
      const text = new Date(ms).toLocaleTimeString([], { hour12: false });
      if (x > 26 && x < width - RIGHT - 8) label(pen, text, x, height - 8, width, "center");
    }
  }

  own(pen, tones, at, from, now) {
    for (const order of this.orders.values()) {
      const until = order.until_ms ?? now;
      if (until < from) continue;
      pen.strokeStyle = tones.order;
      pen.globalAlpha = order.until_ms ? 0.55 : 1;
      pen.lineWidth = order.until_ms ? 1.5 : 2.5;
      const y = at.y(order.price);
      line(pen, at.x(order.from_ms), y, Math.max(at.x(until), at.x(order.from_ms) + 2), y);
    }
    pen.globalAlpha = 1;
    for (const fill of this.fills) {
      if (fill.at_ms < from) continue;
      pen.beginPath();
      pen.arc(at.x(fill.at_ms), at.y(fill.price), 3.6, 0, 2 * Math.PI);
      pen.fillStyle = fill.maker === false ? tones.taker : tones.maker;
      pen.fill();
      pen.lineWidth = 1.2;
      pen.strokeStyle = tones.sunk;
      pen.stroke();
    }
  }

  tags(pen, tones, at, { width, height, leg, middle, arrival }) {
    const live = leg.order?.price != null ? Number(leg.order.price) : null;
    if (arrival && at.y(arrival) > TOP - 4 && at.y(arrival) < height - BOTTOM) {
      pen.setLineDash([5, 4]);
      pen.strokeStyle = tones.ink_3;
      pen.lineWidth = 1;
      line(pen, 0, at.y(arrival), width - RIGHT, at.y(arrival));
      pen.setLineDash([]);
      pen.fillStyle = tones.ink_3;
      label(pen, "arrival", 6, at.y(arrival) - 8, width);
    }
    const digits = places(leg.bid ?? leg.mark ?? "0.01");
    if (middle) tag(pen, tones.price, tones.panel, grouped(middle.toFixed(digits)), at.y(middle), width);
    if (live && Math.abs(at.y(live) - at.y(middle ?? live)) > 15 && at.y(live) > 8 && at.y(live) < height - 8) {
      tag(pen, tones.order, tones.panel, grouped(live.toFixed(digits)), at.y(live), width);
    }
  }
}

/** Between bid and ask, else the mark. */
function middleOf(point) {
  return point?.[1] && point[2] ? (point[1] + point[2]) / 2 : point?.[3];
}

function numbers(point) {
  return point.map((value) => (value == null ? null : Number(value)));
}

function line(pen, x0, y0, x1, y1) {
  pen.beginPath();
  pen.moveTo(x0, y0);
  pen.lineTo(x1, y1);
  pen.stroke();
}

function tag(pen, fill, ink, text, y, width) {
  pen.fillStyle = fill;
  pen.beginPath();
  pen.roundRect(width - RIGHT + 3, y - 8.5, RIGHT - 5, 17, 3);
  pen.fill();
  pen.fillStyle = ink;
  label(pen, text, width - RIGHT + 7, y + 0.5, width);
}

/** Runs of points without a hole in them. */
function runs(seen, wanted) {
  const found = [];
  let run = [];
  for (const point of seen) {
    if (!wanted(point) || (run.length && point[0] - run.at(-1)[0] > GAP_MS)) {
      if (run.length > 1) found.push(run);
      run = [];
    }
    if (wanted(point)) run.push(point);
  }
  if (run.length > 1) found.push(run);
  return found;
}

function quotes(pen, tones, at, seen) {
  for (const run of runs(seen, (point) => point[1] && point[2])) {
    pen.beginPath();
    run.forEach((point, number) => pen[number ? "lineTo" : "moveTo"](at.x(point[0]), at.y(point[2])));
    run.toReversed().forEach((point) => pen.lineTo(at.x(point[0]), at.y(point[1])));
    pen.closePath();
    pen.fillStyle = tones.band;
    pen.fill();
    pen.lineWidth = 1.3;
    pen.strokeStyle = tones.price;
    for (const side of [1, 2]) stroke(pen, at, run, side);
  }
  pen.setLineDash([1.5, 3]);
  pen.lineWidth = 1.4;
  pen.strokeStyle = tones.mark;
  for (const run of runs(seen, (point) => point[3])) stroke(pen, at, run, 3);
  pen.setLineDash([]);
}

function stroke(pen, at, run, field) {
  pen.beginPath();
  run.forEach((point, number) => pen[number ? "lineTo" : "moveTo"](at.x(point[0]), at.y(point[field])));
  pen.stroke();
}

/** Round numbers between two prices, about so many. */
function ticks(low, high, count) {
  const raw = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size >= raw) ?? raw;
  const found = [];
  for (let price = Math.ceil(low / step) * step; price < high; price += step) found.push(price);
  return found;
}
