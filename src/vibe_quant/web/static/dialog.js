// Asks before anything is commanded: what it is about, what will happen, and the token where it is missing.

import { giveToken } from "./link.js";
import { make } from "./words.js";

const by = (id) => document.getElementById(id);

/** facts: [name, value] pairs; lines: sentences.  True where it was confirmed. */
export function confirmed({ title, facts, lines, yes, danger, needsToken }) {
  const dialog = by("dialog");
  by("dialog-title").textContent = title;
  const list = make("dl");
  for (const [name, value] of facts) list.append(make("dt", "", name), make("dd", "", value));
  by("dialog-text").replaceChildren(list, ...lines.map((line) => make("p", "", line)));
  by("dialog-yes").textContent = yes;
  by("dialog-yes").className = danger ? "danger" : "";
  by("dialog-ask").hidden = !needsToken;
  by("dialog-ask").firstElementChild.textContent = "Token, as the start has shown it or as the credential web_token";
  by("dialog-token").value = "";
  dialog.returnValue = "no";
  dialog.showModal();
  (needsToken ? by("dialog-token") : by("dialog-no")).focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      const given = by("dialog-token").value.trim();
      by("dialog-token").value = "";
      if (needsToken && given) giveToken(given);
      resolve(dialog.returnValue === "yes");
    }, { once: true });
  });
}

/** A message that goes by itself; what went wrong stays longer. */
export function toast(text, bad = false) {
  const made = make("div", "toast", text);
  if (bad) made.dataset.tone = "bad";
  by("toasts").append(made);
  while (by("toasts").children.length > 2) by("toasts").firstElementChild.remove();
  setTimeout(() => made.remove(), bad ? 12000 : 5000);
}

// Return in the token's field confirms; without a token it does nothing.
by("dialog-token").addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault();
  if (event.target.value.trim()) by("dialog").close("yes");
});
