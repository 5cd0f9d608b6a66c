// The card of one side: made once, then kept up to date.

import { Chart } from "./chart.js";
import { drawLadder } from "./ladder.js";
import { ask } from "./link.js";
import { duration, fact, make, percent, price, put, qty, signed, tone } from "./words.js";

const SPANS = [["1 min", 60000], ["5 min", 300000], ["15 min", 900000], ["50 min", 3000000]];
const STATES = { IDLE: "idle", PLACING: "placing", WAITING: "order rests", CANCELING: "cancelling", COOLDOWN: "cooling down",
  DOUBTFUL: "in doubt" };
const MODES = { MAKER_ONLY: "maker", AGGRESSIVE_LIMIT: "aggressive" };

export class Card {
  constructor(leg, act) {
    this.leg = leg;
    this.root = make("article", "leg");
    this.root.dataset.leg = `${leg.symbol} ${leg.side}`;
    this.cells = {};
    this.head();
    this.why();
    this.picture();
    this.numbers();
    this.risk();
    this.progress();
    this.acts(act);
    this.looked = new IntersectionObserver(([seen]) => seen.isIntersecting && this.fetchPast(), { rootMargin: "300px" });
    this.looked.observe(this.root);
  }

  /** It is shown no more. */
  end() {
    this.looked.disconnect();
    this.root.remove();
  }

  add(...elements) {
    this.root.append(...elements);
  }

  head() {
    const [base, rest = ""] = this.leg.symbol.split("/");
    const name = make("span", "leg-name", base);
    name.append(make("small", "", rest && ` / ${rest.split(":")[0]}`));
    this.side = make("span", "chip", this.leg.side);
    this.side.dataset.side = this.leg.side;
    this.state = make("span", "chip");
    this.mode = make("span", "chip");
    this.extra = make("span", "chip");
    this.qty = make("span", "leg-qty num");
    const head = make("div", "leg-head");
    head.append(name, this.side, this.state, this.mode, this.extra, this.qty);
    this.add(head);
  }

  why() {
    this.reason = make("span");
    const more = make("button", "", "why?");
    more.type = "button";
    more.addEventListener("click", () => this.explain());
    this.whyLine = make("div", "why");
    this.whyLine.append(this.reason, more);
    this.whyMore = make("div", "why-more");
    this.whyMore.hidden = true;
    this.add(this.whyLine, this.whyMore);
  }

  picture() {
    const canvas = make("canvas", "chart");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", `Price of ${this.leg.symbol} with own orders and fills`);
    this.chart = new Chart(canvas);
    const spans = make("div", "spans");
    for (const [text, ms] of SPANS) {
      const button = make("button", "", text);
      button.type = "button";
      button.setAttribute("aria-pressed", String(ms === this.chart.span));
      button.addEventListener("click", () => {
        this.picked = true;
        this.span(ms);
      });
      button.dataset.span = ms;
      spans.append(button);
    }
    this.spans = spans;
    const box = make("div", "chart-box");
    box.append(canvas, spans);
    const legend = make("div", "legend");
    const kinds = [["bid", "bid and ask"], ["mk", "mark"], ["od", "own order"], ["fm", "fill as maker"], ["ft", "as taker"]];
    legend.append(...kinds.map(([kind, text]) => make("span", kind, text)));
    this.add(box, legend);
  }

  span(ms) {
    if (this.chart.span === ms) return;
    this.chart.span = ms;
    for (const one of this.spans.children) one.setAttribute("aria-pressed", String(Number(one.dataset.span) === ms));
  }

  /** Until somebody picks: a minute, and five once there is more to show. */
  fit(at) {
    const first = this.chart.points[0]?.[0] ?? at;
    if (!this.picked) this.span(at - first > 75000 ? 300000 : 60000);
  }

  numbers() {
    const grid = make("div", "grid");
    const names = ["Mark", "Bid", "Ask", "Entry", "Open PnL", "Cost so far", "Own order", "Protective stop", "Time to flat"];
    for (const name of names) {
      const cell = make("div", "cell");
      const value = make("b");
      cell.append(make("span", "", name), value);
      this.cells[name] = { cell, value };
      grid.append(cell);
    }
    this.add(grid);
  }

  cell(name, text, kind = null) {
    const { cell, value } = this.cells[name];
    put(value, text);
    value.title = text;
    tone(cell, "tone", kind);
  }

  risk() {
    this.riskText = make("b");
    const title = make("div", "row-title");
    title.append(make("span", "", "Distance to liquidation"), this.riskText);
    this.ladder = make("canvas", "ladder");
    this.ladder.setAttribute("role", "img");
    this.ladder.setAttribute("aria-label", "Distance to liquidation and what would happen on the way, to scale");
    this.riskRow = make("div", "row");
    this.riskRow.append(title, this.ladder);
    this.add(this.riskRow);
  }

  progress() {
    this.doneText = make("b");
    const title = make("div", "row-title");
    title.append(make("span", "", "Closed"), this.doneText);
    const bar = make("div", "progress");
    this.done = make("i");
    bar.append(this.done);
    this.doneRow = make("div", "row");
    this.doneRow.append(title, bar);
    this.add(this.doneRow);
  }

  acts(act) {
    const row = make("div", "leg-acts");
    this.buttons = {};
    for (const [name, text] of [["pause", "Pause"], ["resume", "Resume"], ["flatten", "Flatten…"]]) {
      const button = make("button", name === "flatten" ? "danger" : "", text);
      button.type = "button";
      button.dataset.act = name;
      button.addEventListener("click", () => act(name, this.leg));
      this.buttons[name] = button;
      row.append(button);
    }
    this.add(row);
  }

  /** What was before it was seen, or while no picture came. */
  async fetchPast() {
    this.looked.disconnect();
    try {
      const past = await ask(`/api/trace?symbol=${encodeURIComponent(this.leg.symbol)}`);
      this.chart.past(past.points);
      past.marks.forEach((mark) => this.mark(mark));
    } catch {
      // what is missing is only the chart's past; the connection says for itself that it is gone
    }
  }

  mark(mark) {
    if (mark.symbol === this.leg.symbol && mark.side === this.leg.side) this.chart.mark(mark);
  }

  async explain() {
    this.whyMore.hidden = !this.whyMore.hidden;
    if (this.whyMore.hidden) return;
    this.whyMore.replaceChildren(make("span", "none", "asking…"));
    try {
      const why = await ask(`/api/why/${encodeURIComponent(this.leg.symbol)}/${this.leg.side}`);
      const since = why.since_ms ? `, for ${duration(this.now - why.since_ms)}` : "";
      const lines = [`${why.acting ? "Acted last on" : "Held back by"}: ${why.reason}${since}`];
      if (why.advice) lines.push(why.advice);
      if (why.inputs.length) lines.push(why.inputs.map(([name, value]) => fact(name, value)).join(" · "));
      if (why.counts.length) lines.push("Not traded because, since the start:");
      why.counts.forEach(([name, count]) => lines.push(`${count} × ${name}`));
      this.whyMore.replaceChildren(...lines.map((line) => make("span", "", line)));
    } catch (error) {
      this.whyMore.replaceChildren(make("span", "none", error.message));
    }
  }

  update(leg, status, at) {
    this.leg = leg;
    this.now = status.now_ms;
    const open = Number(leg.qty) > 0;
    this.chart.add(at, leg);
    this.fit(at);
    tone(this.root, "risk", leg.risk || null);
    put(this.qty, open ? `${qty(leg.qty)} ${leg.symbol.split("/")[0]}` : "flat");
    put(this.state, STATES[leg.state] ?? leg.state);
    tone(this.state, "tone", leg.state === "DOUBTFUL" ? "warn" : null);
    put(this.mode, MODES[leg.mode] ?? leg.mode);
    this.showExtra(leg);
    this.showReason(leg, status, open);
    this.showNumbers(leg, open);
    this.buttons.flatten.disabled = !open;
    this.buttons.resume.disabled = !leg.paused && !leg.halted;
    this.riskRow.hidden = !open;
    this.doneRow.hidden = !open && leg.done == null;
    this.chart.draw(at, leg);
    drawLadder(this.ladder, leg);
  }

  showExtra(leg) {
    const panic = leg.panic_tier == null ? null : `panic, tier ${leg.panic_tier + 1}`;
    const text = panic ?? (leg.halted ? "halted" : leg.paused ? "paused" : leg.flattening ? "flattening" : leg.risk ? "near liquidation" : "");
    put(this.extra, text);
    this.extra.hidden = !text;
    tone(this.extra, "tone", panic || leg.halted ? "bad" : "warn");
  }

  showReason(leg, status, open) {
    const since = leg.blocked_since_ms ? ` for ${duration(status.now_ms - leg.blocked_since_ms)}` : "";
    const blocked = leg.halted ? `Halted: ${leg.halted}` : leg.blocked ? `Held back${since}: ${leg.blocked}` : "";
    const free = leg.flattening ? "Being flattened: closed without signals" : "Nothing holds it back";
    const danger = leg.panic_tier != null ? "Panic: closed in slices, at once" : leg.risk ? "Near liquidation: priced aggressively" : "";
    const flat = leg.paused ? "Flat, and paused" : "Flat: nothing is left to close";
    put(this.reason, leg.halted || open ? [danger, blocked].filter(Boolean).join(". ") || free : flat);
    tone(this.whyLine, "tone", leg.halted || (open && leg.panic_tier != null) ? "bad" : (leg.blocked || leg.risk) && open ? "warn" : null);
  }

  showNumbers(leg, open) {
    const like = leg.bid ?? leg.ask;
    const loss = leg.upnl == null ? null : Number(leg.upnl);
    const cost = leg.cost_bps == null ? null : Number(leg.cost_bps);
    this.cell("Mark", price(leg.mark, like));
    this.cell("Bid", price(leg.bid, like));
    this.cell("Ask", price(leg.ask, like));
    this.cell("Entry", price(leg.entry, like));
    this.cell("Open PnL", signed(leg.upnl, 2), loss ? (loss > 0 ? "good" : "bad") : null);
    this.cell("Own order", leg.order ? `${qty(leg.order.qty)} @ ${leg.order.price == null ? "market" : price(leg.order.price, like)}` : "none");
    const bare = open && !leg.stop_standing && leg.liq != null;
    this.cell("Protective stop", leg.stop_standing ? price(leg.stop_price, like) : bare ? "NOT STANDING" : "none", bare ? "bad" : null);
    this.cell("Cost so far", cost === null ? "–" : `${signed(leg.cost_bps, 2)} bps`, cost === null ? null : cost > 0 ? null : "good");
    this.cell("Time to flat", leg.eta_s == null ? "–" : `≈ ${duration(leg.eta_s * 1000)}`);
    put(this.riskText, leg.liq == null ? (open ? "no liquidation price" : "–") : `${percent(leg.dist)} away, at ${price(leg.liq, like)}`);
    const done = leg.done == null ? null : Math.min(1, Math.max(0, Number(leg.done)));
    put(this.doneText, done === null ? "–" : `${percent(done, 1)} of ${qty(leg.begun_qty)}`);
    this.done.style.width = `${(done ?? 0) * 100}%`;
  }
}
