// Pause, resume and flatten: asked for, confirmed, sent, and told what came of it.

import { confirmed, toast } from "./dialog.js";
import { ask } from "./link.js";
import { duration, price, qty, signed } from "./words.js";

let mayCommand = false;

export function allow(allowed) {
  mayCommand = allowed;
}

function about(leg) {
  const base = leg.symbol.split("/")[0];
  return `${leg.side} ${qty(leg.qty)} ${base}, open PnL ${signed(leg.upnl, 2)}, mark ${price(leg.mark, leg.bid)}`;
}

function words(name, leg, status) {
  const open = status.legs.filter((one) => Number(one.qty) > 0 && (!leg || one.symbol === leg.symbol));
  const what = leg ? leg.symbol : "everything";
  const facts = (name === "flatten" && leg ? [leg] : open).map((one) => [`${one.symbol}`, about(one)]);
  if (name === "pause") {
    return { title: `Pause ${what}?`, facts, yes: "Pause", danger: false, lines: [
      "Its resting orders are cancelled and nothing more is closed at discretion until it is resumed, after a restart too.",
      "Protective stops stay, and panic closing goes on near liquidation. A flatten that is under way ends."] };
  }
  if (name === "resume") {
    return { title: `Resume ${what}?`, facts, yes: "Resume", danger: false, lines: [
      "Pauses and halts end: positions are worked down again by the configured strategy, with orders that only close."] };
  }
  const sum = leg ? `The ${leg.side} of ${leg.symbol}` : `All ${facts.length} open side${facts.length === 1 ? "" : "s"}`;
  const others = leg ? [] : status.unmanaged.map((one) => `${one.symbol} ${one.side} ${qty(one.qty)}`);
  const left = others.length ? [`Not managed, and so left as it is: ${others.join(", ")}.`] : [];
  return { title: leg ? `Flatten ${leg.symbol} ${leg.side}?` : "Flatten everything?", facts, yes: leg ? `Flatten ${leg.side}` : "Flatten all", danger: true, lines: [
    `${sum} will be closed to zero now, without waiting for signals or for target_qty: aggressive limit orders, a tenth of the position at a time, never worse than the price guard allows. Profit or loss is realised.`,
    "It goes on after a restart. Pausing ends it; what was closed stays closed. Protective stops stay until nothing is left.", ...left] };
}

/** leg null: everything.  age: milliseconds since the last picture. */
export async function command(name, leg, status, age) {
  const said = words(name, leg, status);
  if (age > 3000) said.lines.unshift(`These figures are ${duration(age)} old: the connection is not well.`);
  if (!(await confirmed({ ...said, venue: status.venue, needsToken: !mayCommand, facts: [["Venue", status.venue.toUpperCase()], ...said.facts] }))) return;
  const body = leg ? { symbol: leg.symbol } : name === "flatten" ? { all: true } : {};
  if (name === "flatten" && leg) body.side = leg.side;
  try {
    const answer = await ask(`/api/${name}`, body);
    mayCommand = true;
    toast(answer.text ?? "done");
  } catch (error) {
    if (error.status === 401) mayCommand = false;
    toast(error.message, true);
  }
}
