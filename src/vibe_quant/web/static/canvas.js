// Canvases that are sharp on every screen, in the colours of the style sheet.

const NAMES = ["panel", "sunk", "line", "line-strong", "ink", "ink-2", "ink-3", "accent", "price", "band", "mark", "good",
  "warn", "bad", "maker", "taker", "order", "stop"];
let tones = null;
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { tones = null; });

/** Colours by the names of tone.css. */
export function colours() {
  if (!tones) {
    const style = getComputedStyle(document.documentElement);
    tones = Object.fromEntries(NAMES.map((name) => [name.replace("-", "_"), style.getPropertyValue(`--${name}`).trim()]));
    tones.font = style.getPropertyValue("--mono").trim();
  }
  return tones;
}

/** A cleared context with its size in CSS pixels; null where the canvas is not seen. */
export function surface(canvas) {
  const box = canvas.getBoundingClientRect();
  if (box.width < 20 || box.bottom < -200 || box.top > innerHeight + 200) return null;
  const ratio = Math.min(devicePixelRatio || 1, 3);
  const [width, height] = [Math.round(box.width * ratio), Math.round(box.height * ratio)];
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, box.width, box.height);
  return { pen, width: box.width, height: box.height };
}

/** Text that keeps within the canvas. */
export function label(pen, text, x, y, width, align = "left") {
  const half = align === "center" ? pen.measureText(text).width / 2 : 0;
  pen.textAlign = align;
  pen.fillText(text, align === "center" ? Math.min(Math.max(x, half + 1), width - half - 1) : x, y);
}
