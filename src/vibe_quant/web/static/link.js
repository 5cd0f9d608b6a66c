// The connection: pictures come by a WebSocket, each is answered when it is drawn; what is asked and told goes by fetch.

const STALE_MS = 2500;
const LOST_MS = 10000;
const KEY = "vibe-quant token";

let token = null;

/** The token of the link that was opened; it does not stay in the address. */
export function takeToken() {
  const found = new URLSearchParams(location.hash.slice(1)).get("token");
  if (found) {
    history.replaceState(null, "", location.pathname + location.search);
    giveToken(found);
  } else {
    token = sessionStorage.getItem(KEY);
  }
}

export function giveToken(text) {
  token = text || null;
  if (token) sessionStorage.setItem(KEY, token);
  else sessionStorage.removeItem(KEY);
}

/** Asks; throws an Error whose message is the service's sentence, and whose status is HTTP's. */
export async function ask(path, body) {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  const options = body === undefined ? { headers } : { method: "POST", headers, body: JSON.stringify(body) };
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Error("The service cannot be reached. Whether it heard this is not known: look before trying again.");
  }
  const said = await answer.json().catch(() => ({}));
  if (answer.ok) return said;
  throw Object.assign(new Error(said.error ?? `HTTP ${answer.status}`), { status: answer.status });
}

/** Calls hello(news), picture(news) and state(name, reason); name is connecting, live, stale or lost. */
export class Link {
  constructor(hears) {
    this.hears = hears;
    this.newest = null;
    this.waited = 500;
    this.socket = null;
    this.reason = "";
    setInterval(() => this.judge(), 500);
    document.addEventListener("visibilitychange", () => this.resume());
    addEventListener("online", () => this.resume());
  }

  /** Milliseconds since the last picture; null before the first. */
  age() {
    return this.newest === null ? null : performance.now() - this.newest;
  }

  open() {
    clearTimeout(this.timer);
    if (this.socket) this.socket.onclose = null;
    this.socket?.close();
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/push`);
    this.socket = socket;
    socket.onopen = () => socket.send(JSON.stringify({ token }));
    socket.onmessage = (message) => this.hear(socket, JSON.parse(message.data));
    socket.onclose = (event) => this.closed(event);
  }

  hear(socket, news) {
    if (news.kind === "hello") {
      this.reason = "";
      this.waited = 500;
      this.hears.hello(news);
      return;
    }
    requestAnimationFrame(() => {
      if (news.kind === "picture") {
        this.newest = performance.now();
        this.hears.picture(news);
      } else {
        this.reason = news.text ?? "";
      }
      this.judge();
      if (socket.readyState === WebSocket.OPEN) socket.send("drawn");
    });
  }

  closed(event) {
    this.socket = null;
    this.reason = event.code === 4401 ? event.reason : "";
    if (event.code === 4401) this.hears.refused(event.reason);
    this.judge();
    if (!document.hidden) this.timer = setTimeout(() => this.open(), this.waited);
    this.waited = Math.min(this.waited * 1.7, 5000);
  }

  resume() {
    if (!document.hidden && !this.socket) this.open();
  }

  judge() {
    const age = this.age();
    const gone = !this.socket || this.socket.readyState !== WebSocket.OPEN;
    if (age === null) this.hears.state(gone && this.waited > 500 ? "lost" : "connecting", this.reason);
    else if (age > LOST_MS || (gone && age > STALE_MS)) this.hears.state("lost", this.reason);
    else this.hears.state(age > STALE_MS ? "stale" : "live", this.reason);
  }
}
