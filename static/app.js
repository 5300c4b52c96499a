// The few things that a page does by itself: toasts, dialogs, shortcuts, failures, what is unsaved, the account menu.
// Nothing here is needed to work: without it links are links and forms are forms.

const $ = (id) => document.getElementById(id);
const words = $("words")?.dataset ?? {};

// Toasts. The server says {text, status, undo} by HX-Trigger, or writes them into the page.
const STAYS = 8000;
const waits = new WeakMap();

function leave(toast) {
  clearTimeout(waits.get(toast));
  toast.remove();
}

function start(toast) {
  clearTimeout(waits.get(toast));
  if (toast.dataset.status !== "error") waits.set(toast, setTimeout(() => leave(toast), STAYS));
}

export function say({ text, status = "completed", undo = "" }) {
  const template = $("toast");
  if (!template || !text) return;
  const toast = template.content.firstElementChild.cloneNode(true);
  toast.dataset.status = status;
  toast.querySelector("p").textContent = text;
  const form = toast.querySelector("form");
  if (undo) form.action = undo;
  else form?.remove();
  const shown = $("toasts");
  for (const old of [...shown.children].slice(0, -2)) leave(old);
  shown.append(toast);
  start(toast);
}

document.addEventListener("toast", (event) => say(event.detail));
for (const toast of document.querySelectorAll(".toasts .toast")) start(toast);
for (const here of ["pointerenter", "focusin"]) {
  $("toasts")?.addEventListener(here, () => [...$("toasts").children].forEach((toast) => clearTimeout(waits.get(toast))));
}
for (const away of ["pointerleave", "focusout"]) $("toasts")?.addEventListener(away, () => [...$("toasts").children].forEach(start));
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-close]");
  if (button) leave(button.closest(".toast"));
});

// The live region says what a swap changed: HX-Trigger {"live": "..."} or announce().
export function announce(text) {
  const live = $("live");
  if (live) live.textContent = text;
}
document.addEventListener("live", (event) => announce(event.detail.value ?? event.detail.text));

// Failures keep the page as it is and say what happened.
document.addEventListener("htmx:responseError", (event) => {
  const status = event.detail.xhr.status;
  const text = status === 403 ? words.forbidden : status === 404 ? words.gone : status === 429 ? words.busy : words.failed;
  say({ text, status: "error" });
});
for (const lost of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(lost, () => say({ text: words.offline, status: "error" }));
}

// What the server proposes for a field comes too late where somebody is typing, or has typed, there.
document.addEventListener("htmx:oobBeforeSwap", (event) => {
  const field = event.detail.target?.closest?.("td[data-proposed]")?.querySelector("input");
  if (field && (field.value || field === document.activeElement)) event.detail.shouldSwap = false;
});

// A thin line on top while something takes longer than a moment.
let running = 0;
const working = $("working");
function rests() {
  running = Math.max(0, running - 1);
  if (!running) working?.classList.remove("on");
}
// By the request itself: the element that asked may be gone when the answer comes, and then tells the page nothing.
document.addEventListener("htmx:beforeSend", ({ detail }) => {
  running += 1;
  working?.classList.add("on");
  detail.xhr.addEventListener("loadend", rests);
});

document.addEventListener("htmx:beforeRequest", (event) => event.detail.target?.setAttribute?.("aria-busy", "true"));
document.addEventListener("htmx:afterRequest", (event) => event.detail.target?.removeAttribute?.("aria-busy"));

// Without a network the page says so, before somebody wonders. The page of a count says it in its own way.
function connected() {
  if ($("unconnected")) $("unconnected").hidden = navigator.onLine || $("offline") !== null;
}
for (const name of ["online", "offline"]) addEventListener(name, connected);
connected();
navigator.serviceWorker?.register("/worker.js").catch(() => {}); // an unencrypted address has none

// What was typed into a form is not lost by a wrong tap: the browser asks first.
const typed = () => document.querySelector("form.form[data-unsaved]");
document.addEventListener("input", (event) => {
  const form = event.target.closest?.("form.form");
  if (form && event.isTrusted) form.dataset.unsaved = "";
});
document.addEventListener("submit", (event) => delete event.target.dataset.unsaved, true);
document.addEventListener("click", (event) => {
  if (event.target.closest?.("form.form footer a") && typed()) delete typed().dataset.unsaved; // "Cancel" is an answer
});
addEventListener("beforeunload", (event) => { if (typed()) event.preventDefault(); });

// An address says what was chosen, not what was left open.
document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.verb !== "get" || !event.detail.elt.matches("form.filters")) return;
  const { formData } = event.detail;
  for (const name of new Set(formData.keys())) {
    if (formData.getAll(name).every((value) => value === "")) formData.delete(name);
  }
});

// A swap that takes away what held the cursor gives it to what came instead.
let left = "";
document.addEventListener("htmx:beforeSwap", (event) => {
  const { target } = event.detail;
  left = target?.id && target.contains(document.activeElement) ? target.id : "";
});
document.addEventListener("htmx:afterSettle", () => {
  const instead = left && document.activeElement === document.body ? $(left) : null;
  instead?.querySelector("a[href], button:not(:disabled), input[type=checkbox], summary")?.focus({ preventScroll: true });
  left = "";
});

// After a broken rule the cursor stands where it can be mended.
document.addEventListener("htmx:afterSettle", (event) => {
  const part = event.detail.elt;
  if (event.detail.xhr?.status === 422) {
    const wrong = part.querySelector?.('[aria-invalid="true"]') ?? part.querySelector?.('[role="alert"][tabindex]');
    wrong?.focus();
    const form = part.closest?.("form.form") ?? part.querySelector?.("form.form");
    if (form) form.dataset.unsaved = "";
  }
  for (const dialog of $("dialogs")?.querySelectorAll("dialog[data-open]:not([open])") ?? []) dialog.showModal();
});

// Dialogs: command and commandfor, closedby, for browsers that do not know them yet.
const knowsCommands = "commandForElement" in HTMLButtonElement.prototype;
const knowsClosedBy = "closedBy" in HTMLDialogElement.prototype;
document.addEventListener("click", (event) => {
  const button = event.target.closest("button[commandfor]");
  if (button && !knowsCommands) {
    const dialog = $(button.getAttribute("commandfor"));
    if (button.getAttribute("command") === "show-modal" && !dialog?.open) dialog?.showModal();
    if (button.getAttribute("command") === "close") dialog?.close();
  }
  if (!knowsClosedBy && event.target instanceof HTMLDialogElement && event.target.getAttribute("closedby") === "any") {
    const box = event.target.getBoundingClientRect();
    const inside = event.clientX >= box.left && event.clientX <= box.right && event.clientY >= box.top && event.clientY <= box.bottom;
    if (!inside) event.target.close();
  }
});
// HX-Trigger {"close": "dialog-id"} closes it; one that the server sent goes altogether.
document.addEventListener("close", (event) => {
  if (event.target instanceof HTMLDialogElement && "open" in event.target.dataset) event.target.remove();
  if (event.detail?.value) $(event.detail.value)?.close();
}, true);

// Menus close when one looks elsewhere.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target) || event.target.closest("[commandfor]")) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// Light or dark, at once.
document.addEventListener("theme", (event) => {
  const theme = event.detail.theme;
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  for (const button of document.querySelectorAll('button[name="theme"]')) {
    button.setAttribute("aria-pressed", String(button.value === theme));
  }
});

// Shortcuts: whatever says aria-keyshortcuts. A field takes the cursor, a button or link is pressed.
const typing = (element) =>
  element.isContentEditable || element.matches?.("textarea, select, input:not([type=checkbox], [type=radio], [type=button], [type=submit])");

function withKeys(scope) {
  return [...scope.querySelectorAll("[aria-keyshortcuts]")].filter(
    (element) => element.closest("details:not([open])") || element.checkVisibility?.() !== false,
  );
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.altKey || event.metaKey || event.isComposing) return;
  const finish = event.ctrlKey && event.key === "Enter";
  if (!finish && (event.ctrlKey || event.key.length !== 1 || typing(event.target))) return;
  const scope = document.querySelector("dialog[open]") ?? document;
  const keys = finish ? "Control+Enter" : event.key;
  const target = withKeys(scope).find((element) => element.getAttribute("aria-keyshortcuts") === keys);
  if (!target || target.disabled) return;
  event.preventDefault();
  if (typing(target)) { target.focus(); target.select?.(); }
  else target.click();
});

// The sheet of shortcuts: what has a key on this page, as it stands now.
const nameOf = (element) =>
  (element.getAttribute("aria-label") ?? element.labels?.[0]?.textContent ?? element.textContent).replace(/\s+/g, " ").trim();

function row(keys, text) {
  const [term, description] = [document.createElement("dt"), document.createElement("dd")];
  for (const key of keys) {
    const cap = document.createElement("kbd");
    cap.textContent = key === "Control" ? words.control : key;
    term.append(cap, " ");
  }
  description.textContent = text;
  for (const part of [term, description]) part.dataset.found = "";
  return [term, description];
}

document.addEventListener("click", (event) => {
  if (event.target.closest('[commandfor="shortcuts"][command="show-modal"]') === null) return;
  const list = $("shortcuts").querySelector("dl");
  for (const old of list.querySelectorAll("[data-found]")) old.remove();
  const found = new Map();
  for (const element of withKeys(document)) {
    const keys = element.getAttribute("aria-keyshortcuts");
    if (keys !== "?" && !found.has(keys)) found.set(keys, row(keys.split("+"), nameOf(element)));
  }
  if (document.querySelector(".data tbody :is(a, button, input)")) found.set("rows", row(["↓", "↑"], words.rows));
  list.prepend(...[...found.values()].flat());
});

// Up and down in a table, from whatever has the cursor to the same place in the next row that has one there.
document.addEventListener("keydown", (event) => {
  if (!["ArrowDown", "ArrowUp", "Enter"].includes(event.key) || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey || event.isComposing || event.defaultPrevented) return;
  const cell = event.target.closest?.(".data tbody :is(td, th)");
  if (event.key === "Enter") {
    if (!cell || !event.target.matches(".review input:not([type=checkbox])")) return;
    event.preventDefault(); // in a review buttons decide; Enter goes down, as in a spreadsheet
  }
  if (!cell || event.target.matches("select, textarea, input:is([type=radio], [type=number], [type=date], [list])")) return;
  const rows = [...cell.closest("table").querySelectorAll("tbody tr")];
  const step = event.key === "ArrowUp" ? -1 : 1;
  for (let at = rows.indexOf(cell.parentElement) + step; rows[at]; at += step) {
    const there = [...(rows[at].cells[cell.cellIndex]?.querySelectorAll("a[href], button:not(:disabled), input:not([type=hidden])") ?? [])];
    const same = there.find((control) => control.tagName === event.target.tagName && control.type === event.target.type) ?? there[0];
    if (!same?.checkVisibility?.()) continue;
    event.preventDefault();
    same.focus();
    same.select?.();
    return;
  }
});
