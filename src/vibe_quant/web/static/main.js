// Puts the page together: pictures in, cards up to date, commands out.

import { Card } from "./card.js";
import { allow, command } from "./commands.js";
import { ask, Link, takeToken } from "./link.js";
import { addEvents, drawFacts, drawOthers, drawStreams, forgetEvents } from "./lists.js";
import { duration, put, tone } from "./words.js";

const by = (id) => document.getElementById(id);
const html = document.documentElement;
const cards = new Map();
let newest = null;
let hello = null;
let run = null;
let marked = 0;

function drawHead(status) {
  put(by("venue"), status.venue.toUpperCase());
  tone(by("venue"), "venue", status.venue);
  tone(html, "venue", status.venue);
  put(by("version"), `v${status.version}`);
  put(by("phase"), status.phase + (status.phase === "working" && !status.ready ? ", not ready" : ""));
  tone(by("phase"), "tone", status.phase === "working" && status.ready ? null : "warn");
  document.title = `${status.venue.toUpperCase()} · vibe-quant`;
}

function cardOf(leg) {
  const name = `${leg.symbol} ${leg.side}`;
  if (!cards.has(name)) {
    const card = new Card(leg, act);
    cards.set(name, card);
    by("legs").append(card.root);
  }
  return cards.get(name);
}

function act(name, leg) {
  if (newest) command(name, leg, newest.status, link.age() ?? 0);
}

/** What was missed while no picture came is fetched. */
function catchUp(marks) {
  const gap = marked && marks.length && marks[0].seq > marked + 1;
  if (gap) cards.forEach((card) => card.fetchPast());
  marks.forEach((mark) => cards.get(`${mark.symbol} ${mark.side}`)?.mark(mark));
  marked = Math.max(marked, marks.at(-1)?.seq ?? 0);
}

function onPicture(picture) {
  newest = picture;
  const { status } = picture;
  if (run !== null && run !== status.run && run !== "") forgetAll();
  run = status.run;
  drawHead(status);
  drawFacts(status);
  drawStreams(status);
  drawOthers(status);
  const shown = new Set(status.legs.map((leg) => `${leg.symbol} ${leg.side}`));
  for (const [name, card] of cards) {
    if (!shown.has(name)) {
      card.end();
      cards.delete(name);
    }
  }
  status.legs.forEach((leg) => cardOf(leg).update(leg, status, picture.at_ms));
  catchUp(picture.marks);
  addEvents(picture.events);
  by("empty").hidden = status.legs.length > 0;
}

/** Another run of the service: what was drawn of the last one is not true of it. */
function forgetAll() {
  cards.forEach((card) => card.end());
  cards.clear();
  forgetEvents();
  marked = 0;
}

function onHello(news) {
  if (hello && hello.version !== news.version) location.reload();
  hello = news;
  allow(news.may_command);
  cards.forEach((card) => card.fetchPast());
  ask("/api/events").then(addEvents, () => {});
}

function onState(state, reason) {
  const age = link.age();
  tone(html, "link", state);
  put(by("age-text"), age === null ? (state === "lost" ? "not connected" : "connecting") : state === "live" ? "live, " + seconds(age) : `${seconds(age)}`);
  const alert = by("alert");
  const old = age === null ? "" : ` What you see is ${duration(age)} old.`;
  const text = {
    lost: `${reason || "No connection to the service; trying again."}${old} Trading does not depend on this page.`,
    stale: `${reason || "No news from the service."}${old}`,
  }[state];
  alert.hidden = !text;
  put(alert, text ?? "");
  tone(alert, "tone", state === "lost" ? "bad" : null);
}

function seconds(age) {
  return age < 1000 ? "under 1 s old" : `${duration(age)} old`;
}

takeToken();
const link = new Link({
  hello: onHello, picture: onPicture, state: onState,
  refused: () => allow(false),
});
for (const name of ["pause", "resume", "flatten"]) by(`${name}-all`).addEventListener("click", () => act(name, null));
link.open();
