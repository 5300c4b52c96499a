// The page on which a bin is counted: scans from anywhere, a save for every change, nothing lost on the way.
// Without it every form on the page works by its buttons.

import { mute, muted, sound } from "./sounds.js";
import { Outbox } from "./outbox.js";
import { listen } from "./wedge.js";

const $ = (id) => document.getElementById(id);
const words = () => $("count-words")?.dataset ?? {};
const bin = () => $("plate")?.dataset.bin;
const say = (text, n) => (text ?? "").replace("{n}", n);
const TAG = /^(urn:epc:\S+|3[06][0-9a-f]{22,}|(?=.*[a-f])[0-9a-f]{24,})$/i; // all digits may be a GS1 label
const MANY = /[\r\n,;\t]|\.\./; // a list or a range, not one code
const SILENCE = 150; // ms after which a reader has read what is there
const MOST_AT_ONCE = 500;
const LONGER_THAN_A_QUANTITY = /^\d{8,}$/; // what a scanner typed into a quantity without ending it

const outbox = new Outbox({ answered, changed, held });

// What was said goes into the outbox

document.addEventListener("submit", (event) => {
  const form = event.target.closest?.("form[data-say]");
  if (!form) return;
  event.preventDefault();
  const button = event.submitter;
  if (form.dataset.say === "scan") scan(form.elements.code.value);
  else if (form.dataset.say === "line" && !button?.hasAttribute("formaction")) {
    const line = form.closest(".line");
    save(form);
    openNext(line);
  } else send(form, button);
});

function send(form, button) {
  const fields = [...new FormData(form, button)];
  const question = form.closest("dialog[data-question]");
  outbox.put(
    {
      url: button?.getAttribute("formaction") ?? form.getAttribute("action"),
      fields: form.id === "expected" ? [...fields, ...seenFields(fields)] : fields,
      kind: form.dataset.say,
      line: form.closest(".line")?.id,
    },
    { first: Boolean(question) },
  );
  delete form.dataset.dirty;
  if (form.dataset.say === "codes") form.elements.codes.value = ""; // a refusal brings it back
  if (button?.role === "checkbox") button.setAttribute("aria-checked", String(button.ariaChecked !== "true"));
  form.closest("dialog")?.close();
}

// FormData has the fields of the lines already, through their form attribute; nothing is to be added in most browsers.
function seenFields(fields) {
  if (fields.some(([name]) => name === "seen")) return [];
  return [...document.querySelectorAll('[name="seen"]')].map((input) => ["seen", input.value]);
}

function save(form) {
  if (form.dataset.dirty === undefined) return;
  const typed = form.elements.quantity;
  if (LONGER_THAN_A_QUANTITY.test(typed.value.trim())) {
    const code = typed.value.trim();
    typed.value = typed.defaultValue;
    delete form.dataset.dirty;
    scan(code);
    return;
  }
  send(form);
}

function scan(code) {
  const field = $("scan");
  if (!field) return;
  for (const dialog of document.querySelectorAll("dialog[open]:not([data-question])")) dialog.close();
  const typing = document.activeElement?.closest?.('form[data-say="line"]');
  if (typing) save(typing); // said before the scan
  if (field.value) field.value = "";
  const form = $("scanning");
  // The bin is that of the moment in which it is sent: a bin that was scanned before goes first.
  const fields = () => {
    const said = new FormData(form);
    said.set("code", code);
    said.set("bin", bin());
    return [...said];
  };
  outbox.put({ url: form.getAttribute("action"), fields, kind: "scan", code });
  field.focus({ preventScroll: true });
}

listen(take);

// A reader of tags types one after the other: they are gathered for as long as they keep coming, and said at once.
let gathered = [];
let silence;

function take(code) {
  clearTimeout(silence);
  if (!TAG.test(code)) {
    sayGathered();
    scan(code);
    return;
  }
  gathered.push(code);
  if (gathered.length < MOST_AT_ONCE) silence = setTimeout(sayGathered, SILENCE);
  else sayGathered();
}

function sayGathered() {
  const codes = gathered;
  gathered = [];
  if (codes.length === 1) scan(codes[0]);
  else if (codes.length) scanMany(codes.join("\n"));
}

function scanMany(codes) {
  const form = $("scanning");
  if (!form) return;
  for (const dialog of document.querySelectorAll("dialog[open]:not([data-question])")) dialog.close();
  const fields = () => {
    const said = new FormData(form);
    said.delete("code");
    said.set("codes", codes);
    said.set("bin", bin());
    return [...said];
  };
  outbox.put({ url: form.dataset.many, fields, kind: "scan" });
}

document.addEventListener("paste", (event) => {
  const codes = event.target.id === "scan" ? event.clipboardData.getData("text").trim() : "";
  if (!MANY.test(codes)) return;
  event.preventDefault();
  scanMany(codes);
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.defaultPrevented || event.target.name !== "codes") return;
  event.preventDefault();
  if (event.target.value.trim()) event.target.form.requestSubmit();
});
document.addEventListener("click", (event) => {
  if (!event.target.closest?.("[data-scan]")) return;
  $("scan")?.focus();
  scrollTo({ top: 0 });
});

// A question on the screen is answered before the scans that follow it are understood.
function held(item) {
  return item.kind === "scan" && document.querySelector("dialog[data-question][open]") !== null;
}
document.addEventListener("close", (event) => {
  if (!(event.target instanceof HTMLDialogElement)) return;
  setTimeout(() => {
    outbox.work();
    if (!document.querySelector("dialog[open]")) focusScan();
  });
}, true);

// Autosave: on leaving a field, unless only to choose how to read what was typed.
let choosing = null;
document.addEventListener("pointerdown", (event) => { choosing = event.target.closest?.(".switch")?.closest("form") ?? null; });
document.addEventListener("input", (event) => {
  const form = event.target.closest?.('form[data-say="line"]');
  if (form && event.target.name === "quantity") form.dataset.dirty = "";
  if (event.target.name === "codes") {
    if (event.target.value.trim()) event.target.form.dataset.dirty = "";
    else delete event.target.form.dataset.dirty;
  }
});
document.addEventListener("change", (event) => {
  const form = event.target.closest?.('form[data-say="line"]');
  if (!form) return;
  if (event.target.name === "quantity" && choosing !== form) save(form);
  if (event.target.name === "unit") {
    choosing = null;
    save(form);
  }
});
document.addEventListener("focusout", (event) => {
  const form = event.target.closest?.('form[data-say="line"]');
  if (form?.dataset.dirty !== undefined && event.target.name !== "quantity" && !form.contains(event.relatedTarget)) save(form);
});

// Answers

async function answered(response, text, item) {
  if (!response || ![200, 204, 422].includes(response.status)) {
    refused(response, item);
    return;
  }
  const away = response.headers.get("HX-Redirect");
  if (away) {
    location.assign(away);
    await new Promise(() => {});
  }
  const where = response.headers.get("HX-Location");
  if (where) {
    await go(JSON.parse(where).path);
    $("mark")?.replaceChildren();
  }
  if (!where) swap(text, { shows: item.kind !== "line" && item.kind !== "undo" });
  if (item.kind === "scan" || item.kind === "answer") afterScan(response, item);
  if (item.kind === "units" || item.kind === "codes") sound($("said")?.querySelector(".banner")?.dataset.sound);
  if (item.kind === "line" && response.status === 422) backTo($(item.line));
}

// What was typed is no quantity, and the cursor is a line further already: back, unless somebody types there.
function backTo(line) {
  sound("bad");
  if (line && !document.querySelector("form[data-dirty], dialog[open]")) enter(line);
}

function refused(response, item) {
  const said = words();
  const text = !response ? said.fault : response.status === 403 ? said.forbidden : response.status === 404 ? said.gone : said.fault;
  $("said")?.replaceChildren(note("error", text, item.code ?? ""));
  const line = item.line && $(item.line);
  if (line) line.dataset.status = "error";
  mark("error", said.error);
  sound("bad");
}

function note(status, text, strong) {
  const box = document.createElement("div");
  box.className = "banner";
  box.dataset.status = status;
  const line = document.createElement("p");
  const name = document.createElement("strong");
  name.textContent = strong;
  line.append(name, " ", text);
  box.append(line);
  return box;
}

function afterScan(response, item) {
  const field = $("scan");
  const wrong = response.status === 422 && $("scan-error") && !$("scan-error").hidden;
  field?.toggleAttribute("aria-invalid", wrong);
  if (wrong) {
    field.setAttribute("aria-invalid", "true");
    if (!field.value && item.code) field.value = item.code.replace(/[^\x20-\uffff]/g, "").slice(0, 200);
    sound("bad");
  } else if (document.querySelector("dialog[data-question][open]")) sound("elsewhere");
  else if (response.headers.get("HX-Location")) sound("ok");
  else sound($("said")?.querySelector(".banner")?.dataset.sound);
  if (!document.querySelector("dialog[open]")) focusScan();
  if (wrong) field.select();
  // The banner is to be seen, wherever the page was scrolled to.
  if (field && field.getBoundingClientRect().top < $("plate").getBoundingClientRect().bottom) scrollTo({ top: 0 });
}

function focusScan() {
  const active = document.activeElement;
  if (active?.matches?.('.line :is(input[type="text"], input[type="search"], textarea)')) return; // somebody is typing there
  $("scan")?.focus({ preventScroll: true });
}

// A whole component is swapped, but what somebody types into it just now stays, and what was open stays open.
function swap(text, { shows = true } = {}) {
  const parts = document.createElement("template");
  parts.innerHTML = text;
  for (const part of [...parts.content.children]) {
    if (part.dataset.bin !== undefined && part.dataset.bin !== bin()) part.remove();
  }
  const lines = [...parts.content.children].filter((part) => part.matches(".line"));
  for (const line of lines) if (!$(line.id)) makeRoom(line.id);
  const kept = lines.map((line) => remember($(line.id), line, shows));
  const question = parts.content.querySelector("dialog[data-question]") !== null;
  htmx.swap(document.body, parts.innerHTML, { swapStyle: "none", swapDelay: 0, settleDelay: 0 });
  for (const each of kept) recall(each);
  if (question) openQuestion();
}

function makeRoom(id) {
  const room = document.createElement("details");
  room.id = id;
  $("nothing")?.remove();
  $("lines").prepend(room);
}

function remember(old, line, shows) {
  const form = old.querySelector('form[data-say="line"]');
  const active = old.contains(document.activeElement) ? document.activeElement : null;
  const open = (shows && line.open) || old.open;
  line.open = old.open;
  return {
    id: line.id,
    open,
    focus: active?.id || (active?.matches("summary") ? "summary" : active?.name || ""),
    code: active?.name === "code" ? active.value : "",
    codes: old.querySelector('[name="codes"]')?.value,
    value: active?.value,
    start: active?.selectionStart,
    end: active?.selectionEnd,
    dirty: form?.dataset.dirty !== undefined ? form.elements.quantity.value : null,
  };
}

function recall({ id, open, focus, start, end, dirty, code, codes }) {
  const line = $(id);
  if (!line) return;
  line.open = open;
  const typed = line.querySelector('[name="codes"]');
  if (typed && codes && !typed.value) {
    typed.value = codes;
    typed.form.dataset.dirty = "";
  }
  const form = line.querySelector('form[data-say="line"]');
  if (!form && !typed) return;
  if (form && dirty !== null) {
    form.elements.quantity.value = dirty;
    form.dataset.dirty = "";
  }
  if (!focus) return;
  const again = $(focus) ?? (focus === "summary" ? line.querySelector("summary") : line.querySelector(`button[name="${focus}"]${code && `[value="${CSS.escape(code)}"]`}:not(:disabled)`));
  again?.focus({ preventScroll: true });
  if (again?.name === "quantity") {
    if (dirty !== null && typeof start === "number") again.setSelectionRange(start, end);
    else again.select();
  }
}

function openQuestion() {
  const dialog = document.querySelector("dialog[data-question]");
  if (!dialog) return;
  dialog.removeAttribute("open");
  dialog.showModal();
  const first = dialog.querySelector('[aria-invalid="true"], input:not([type=hidden]), .primary, .choices .button');
  first?.focus();
}

async function go(path) {
  const url = new URL(path, location.href);
  await htmx.ajax("GET", url.pathname + url.search, { target: "#main", select: "#main", swap: "outerHTML show:window:top" });
  history.pushState({ htmx: true }, "", url.pathname + url.search);
  dress();
}

// Between one bin and the next nothing may be on its way: what was typed last is saved first.
document.addEventListener("htmx:confirm", (event) => {
  const element = event.target;
  if (!element.matches?.("[data-later]")) return;
  const form = element.closest("form[data-say='line']");
  if (form?.dataset.dirty !== undefined && element.name === "unit") {
    event.preventDefault(); // the save answers with the line in that unit of measure
    return;
  }
  if (document.activeElement?.matches?.('.line input[name="quantity"]')) save(document.activeElement.form);
  if (!outbox.waiting) return;
  event.preventDefault();
  outbox.idle().then(() => event.detail.issueRequest(true));
});
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target?.id === "main" || event.target.id === "main") {
    for (const dialog of document.querySelectorAll("#dialogs dialog[open]")) dialog.close();
    dress();
  }
});

// The quiet question every 15 seconds: what others did. It never touches a line that somebody works on.
for (const name of ["htmx:beforeRequest", "htmx:afterRequest", "htmx:sendError", "htmx:timeout", "htmx:responseError"]) {
  // What a line asked, and was swapped away since, is told to its parent: the element that asked counts.
  window.addEventListener(name, (event) => { if (event.detail.requestConfig?.elt?.id === "lines") event.stopPropagation(); }, true);
}
window.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.id === "lines" && (outbox.waiting || !bin())) event.preventDefault();
}, true);
let polling = false;
document.addEventListener("htmx:oobBeforeSwap", (event) => {
  const { target, fragment } = event.detail;
  const line = fragment?.firstElementChild;
  if (!polling) return;
  if (line?.dataset.bin !== undefined && line.dataset.bin !== bin()) event.detail.shouldSwap = false;
  if (!target?.matches?.(".line")) return;
  if (target.contains(document.activeElement) || target.querySelector("form[data-dirty]")) event.detail.shouldSwap = false;
  else if (line) line.open = target.open;
});
window.addEventListener("htmx:beforeOnLoad", (event) => { polling = event.target.id === "lines"; }, true);
window.addEventListener("htmx:afterOnLoad", () => { polling = false; }, true);

// One line is open at a time, as long as nothing typed waits in another.
document.addEventListener("toggle", (event) => {
  if (!event.target.matches?.(".line[open]")) return;
  for (const other of document.querySelectorAll(".line[open]")) {
    if (other !== event.target && !other.querySelector("form[data-dirty], [aria-invalid=true]")) other.open = false;
  }
}, true);

// How it stands: saving, saved, waiting, not saved

function mark(status, text) {
  const chip = document.createElement("span");
  chip.className = "chip";
  chip.dataset.status = status;
  chip.textContent = text;
  $("mark")?.replaceChildren(chip);
}

function changed({ waiting, trouble, items }) {
  const said = words();
  const offline = $("offline");
  if (waiting && (trouble || held(items[0]))) mark("waiting", say(said.waiting, waiting));
  else if (waiting) mark("counting", waiting > 1 ? say(said.waiting, waiting) : said.saving);
  if (offline) {
    offline.hidden = !(waiting && trouble);
    if (!offline.hidden) $("offline-words").textContent = say(said[trouble], waiting);
  }
  if (!trouble) return;
  for (const { line } of items) {
    const chip = line && $(line)?.querySelector("summary > .chip"); // the answer brings another one
    if (chip) [chip.dataset.status, chip.textContent] = ["waiting", said.late];
  }
}

addEventListener("beforeunload", (event) => {
  if (outbox.waiting || gathered.length || document.querySelector("form[data-dirty]")) event.preventDefault();
});

// The keyboard: arrows from line to line

const shown = () => [...document.querySelectorAll("#lines > .line")];

function openNext(line) {
  const lines = shown();
  const next = lines.slice(lines.indexOf(line) + 1).find((other) => other.querySelector("form[data-say]") && ["uncounted", "recount"].includes(other.dataset.status));
  if (next) enter(next);
  else {
    document.activeElement?.blur();
    $("scan")?.focus();
  }
}

function enter(line) {
  line.open = true;
  const field = line.querySelector('input[name="quantity"]') ?? line.querySelector("summary");
  field.focus();
  field.select?.();
  line.scrollIntoView({ block: "nearest" });
}

document.addEventListener("keydown", (event) => {
  if (!["ArrowDown", "ArrowUp"].includes(event.key) || event.altKey || event.ctrlKey || event.metaKey || event.defaultPrevented) return;
  if (document.querySelector("dialog[open]") || event.target.matches?.("input[type=radio], select, textarea")) return;
  const lines = shown();
  const at = lines.indexOf(event.target.closest?.(".line"));
  const to = event.key === "ArrowDown" ? lines[at + 1] : at > 0 ? lines[at - 1] : null;
  if (!to && at < 0) return;
  event.preventDefault();
  if (to) enter(to);
  else if (event.key === "ArrowUp") $("scan")?.focus();
});

// What only works with script is shown by script; once for every bin.
function dress() {
  const field = $("scan");
  if (field && !field.dataset.typed) field.inputMode = "none"; // else a phone's keyboard hides the list
  const keyboard = $("keyboard");
  if (keyboard) keyboard.hidden = false;
  const button = $("mute");
  if (button) {
    button.hidden = false;
    button.setAttribute("aria-pressed", String(muted()));
  }
}
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("#mute, #keyboard");
  if (!button) return;
  if (button.id === "mute") {
    mute(!muted());
    button.setAttribute("aria-pressed", String(muted()));
    sound("ok");
    return;
  }
  const field = $("scan");
  const typing = field.inputMode === "none";
  field.inputMode = typing ? "text" : "none";
  button.setAttribute("aria-pressed", String(typing));
  field.blur();
  field.focus();
});
dress();
