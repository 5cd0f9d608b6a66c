// How numbers and times are written. Prices stay the exact decimals that came: they are cut as text, never as floats.

/** A decimal without an exponent: "1.5E-7" becomes "0.00000015". */
export function plain(text) {
  const found = /^(-?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(String(text));
  if (!found) return String(text);
  const [, sign, whole, part = "", power = "0"] = found;
  const shift = Number(power);
  if (!shift) return part ? `${sign}${whole}.${part}` : sign + whole;
  const digits = whole + part;
  const point = whole.length + shift;
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  if (point >= digits.length) return sign + digits + "0".repeat(point - digits.length);
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** Digits after the point. */
export function places(text) {
  return (plain(text).split(".")[1] ?? "").length;
}

/** Rounded half away from zero to so many digits after the point, exactly. */
export function rounded(text, digits) {
  const value = plain(text);
  const negative = value.startsWith("-");
  const [whole, part = ""] = value.replace("-", "").split(".");
  if (!/^\d+$/.test(whole)) return value;
  const kept = BigInt(whole + part.padEnd(digits + 1, "0").slice(0, digits + 1));
  const all = ((kept + 5n) / 10n).toString().padStart(digits + 1, "0");
  const shown = digits ? `${all.slice(0, -digits)}.${all.slice(-digits)}` : all;
  return negative && /[1-9]/.test(shown) ? `-${shown}` : shown;
}

/** Without zeros at the end. */
export function trimmed(text) {
  const value = plain(text);
  return value.includes(".") ? value.replace(/\.?0+$/, "") : value;
}

/** With thousands apart. */
export function grouped(text) {
  const [whole, part] = String(text).split(".");
  const apart = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  return part === undefined ? apart : `${apart}.${part}`;
}

/** A price as the exchange's grid has it; `like` is one that lies on it. */
export function price(text, like) {
  if (text == null) return "–";
  return grouped(like == null ? trimmed(text) : rounded(text, places(like)));
}

export function qty(text) {
  return text == null ? "–" : grouped(trimmed(text));
}

export function signed(text, digits) {
  if (text == null) return "–";
  const shown = rounded(text, digits);
  return grouped(shown.startsWith("-") ? `−${shown.slice(1)}` : /[1-9]/.test(shown) ? `+${shown}` : shown);
}

/** A ratio as percents. */
export function percent(ratio, digits = 2) {
  return ratio == null ? "–" : `${(Number(ratio) * 100).toFixed(digits)} %`;
}

export function duration(ms) {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 60) return `${s} s`;
  if (s < 600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}

const RATIOS = ["dist", "its_dist", "liq_distance_threshold", "max_mark_gap", "reserve"];

/** A number behind a decision, named: stretches of time and shares as people read them. */
export function fact(name, value) {
  const label = name.replace(/_ms$/, "").replaceAll("_", " ");
  if (name.endsWith("_ms") && /^\d+$/.test(value)) return `${label} ${Number(value) < 10000 ? `${Number(value) / 1000} s` : duration(Number(value))}`;
  return `${label} ${RATIOS.includes(name) && /^-?[\d.]+$/.test(value) ? percent(value) : value}`;
}

export function clock(ms) {
  return new Date(ms).toLocaleTimeString([], { hour12: false });
}

/** An element; text from outside is only ever set as text. */
export function make(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text != null) made.textContent = text;
  return made;
}

/** Sets text where it has changed. */
export function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Sets a data attribute; null takes it away. */
export function tone(element, name, value) {
  if (value == null) delete element.dataset[name];
  else if (element.dataset[name] !== String(value)) element.dataset[name] = value;
}
