// What stands beside the sides: facts of the service, its streams, and the list of events.

import { clock, duration, make, price, put, qty, tone } from "./words.js";

const MOST = 200;
const by = (id) => document.getElementById(id);
const seen = new Map();
const LEVELS = { stream: "streams", rest: "REST only", breaker: "breaker open" };

export function drawFacts(status) {
  const upnl = status.legs.reduce((sum, leg) => sum + Number(leg.upnl ?? 0), 0);
  const open = status.legs.filter((leg) => Number(leg.qty) > 0).length;
  const facts = [
    ["Open sides", String(open)],
    ["Open PnL", upnl.toFixed(2).replace("-", "−")],
    ["Running for", duration(status.now_ms - status.started_ms)],
    ["News by", LEVELS[status.level] ?? (status.level || "–"), status.level && status.level !== "stream" ? "warn" : null],
    ["Request weight", status.weight_limit ? `${status.weight_used} of ${status.weight_limit}` : "–",
      status.weight_limit && status.weight_used > status.weight_limit * 0.75 ? "warn" : null],
    ["Paused", status.paused.join(", "), "warn"],
    ["Held", status.held ?? "", "warn", true],
    ["Breaker", status.breaker_open ? "open: only what protects is sent" : "", "bad", true],
    ["Journal", status.journal_trouble, "bad", true],
  ].filter(([, value]) => value);
  const root = by("facts");
  while (root.children.length < facts.length) {
    const fact = make("div", "fact");
    fact.append(make("span"), make("span", "value"));
    root.append(fact);
  }
  while (root.children.length > facts.length) root.lastElementChild.remove();
  facts.forEach(([name, value, kind, wide], number) => {
    const fact = root.children[number];
    put(fact.firstElementChild, name);
    put(fact.lastElementChild, value);
    tone(fact, "tone", kind ?? null);
    tone(fact, "wide", wide ? "yes" : null);
  });
}

export function drawStreams(status) {
  const root = by("streams");
  while (root.children.length < status.streams.length) {
    const row = make("div", "stream");
    row.append(make("i", "dot"), make("span"), make("small"));
    root.append(row);
  }
  while (root.children.length > status.streams.length) root.lastElementChild.remove();
  status.streams.forEach((stream, number) => {
    const row = root.children[number];
    tone(row, "up", stream.up ? "yes" : "no");
    const since = stream.since_ms ? duration(status.now_ms - stream.since_ms) : "";
    put(row.children[1], stream.up ? stream.name : `${stream.name} is down`);
    const again = stream.reconnects ? ` · ${stream.reconnects} reconnect${stream.reconnects === 1 ? "" : "s"}` : "";
    put(row.children[2], `${since && (stream.up ? `up ${since}` : `for ${since}`)}${again}`);
  });
}

/** What is held and left alone. */
export function drawOthers(status) {
  const others = status.unmanaged;
  const root = by("others-list");
  by("others").hidden = others.length === 0;
  while (root.children.length < others.length) {
    const row = make("li");
    row.append(make("b"), make("span"));
    root.append(row);
  }
  while (root.children.length > others.length) root.lastElementChild.remove();
  others.forEach((leg, number) => {
    const [name, text] = root.children[number].children;
    put(name, `${leg.symbol} ${leg.side} ${qty(leg.qty)}`);
    put(text, leg.left_stop == null ? "not managed: no orders, no stops of ours"
      : `not managed: no orders; our stop at ${price(leg.left_stop)} was left standing when a reload took it out, and is not looked after`);
  });
}

/** Takes events that may be known already; the newest stands first. */
export function addEvents(events) {
  const root = by("events");
  for (const event of events) {
    if (seen.has(event.seq)) continue;
    const item = make("li", "event");
    item.dataset.severity = event.severity;
    const time = make("time", "", clock(event.at_ms));
    time.dateTime = new Date(event.at_ms).toISOString();
    item.append(time, make("p", "", event.text));
    seen.set(event.seq, item);
    const later = [...root.children].find((one) => Number(one.dataset.seq) < event.seq);
    item.dataset.seq = event.seq;
    root.insertBefore(item, later ?? null);
  }
  while (root.children.length > MOST) {
    seen.delete(Number(root.lastElementChild.dataset.seq));
    root.lastElementChild.remove();
  }
}

/** On a phone the newest will do until more is asked for (page.css). */
by("events-more").addEventListener("click", () => tone(by("events"), "all", "yes"));

export function forgetEvents() {
  seen.clear();
  by("events").replaceChildren();
}
