// The rows of a journal: each is saved by itself as it is left, a new one is there as soon as the last is begun, and a
// block of cells that is pasted becomes lines. Without this the button under the table saves them.

import { newId } from "./outbox.js";

const rowOf = (element) => element?.closest?.("tbody[data-row]");
const blanks = () => document.querySelectorAll("tbody[data-blank]");

function touched(row) {
  row.dataset.dirty = "";
  if (!("blank" in row.dataset)) return;
  delete row.dataset.blank;
  if (blanks().length) return;
  const blank = document.getElementById("blank-row").content.firstElementChild;
  const html = document.createElement("template");
  html.innerHTML = blank.outerHTML.replaceAll("__id__", newId());
  const added = html.content.firstElementChild;
  row.closest("table").append(added);
  htmx.process(added);
}

function save(row) {
  if (!("dirty" in row.dataset) || "saving" in row.dataset) return; // what is being saved is saved again afterwards
  delete row.dataset.dirty;
  row.dataset.saving = "";
  row.dispatchEvent(new CustomEvent("left"));
}

for (const name of ["input", "change"]) {
  document.addEventListener(name, (event) => {
    const row = rowOf(event.target);
    if (row && event.target.name !== "chosen") touched(row);
  });
}
document.addEventListener("focusout", (event) => {
  const row = rowOf(event.target);
  if (row && !row.contains(event.relatedTarget)) save(row);
});

// The answer takes the place of its row, unless somebody types there again: then only what is kept is noted.
document.addEventListener("htmx:beforeSwap", (event) => {
  const row = event.detail.target;
  if (!row?.matches?.("tbody[data-row]")) return;
  delete row.dataset.saving;
  if (!("dirty" in row.dataset) && !row.contains(document.activeElement)) return;
  const revision = `input[name="${row.dataset.row}-revision"]`;
  const answer = document.createElement("template");
  answer.innerHTML = event.detail.serverResponse;
  const kept = answer.content.querySelector(revision);
  if (kept) row.querySelector(revision).value = kept.value;
  event.detail.shouldSwap = false;
  row.dataset.stale = ""; // shown as it was typed, without what was found out
  if (!row.contains(document.activeElement)) save(row);
});
document.addEventListener("focusout", (event) => {
  const row = rowOf(event.target);
  if (row && "stale" in row.dataset && !row.contains(event.relatedTarget)) {
    delete row.dataset.stale;
    row.dataset.dirty = "";
    save(row);
  }
});
for (const lost of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
  document.addEventListener(lost, (event) => {
    const row = rowOf(event.target);
    if (!row) return;
    delete row.dataset.saving;
    row.dataset.dirty = "";
  });
}
addEventListener("beforeunload", (event) => {
  if (document.querySelector("tbody[data-dirty], tbody[data-saving]")) event.preventDefault();
});
document.addEventListener("submit", (event) => {
  if (event.target.id !== "lines") return;
  for (const row of document.querySelectorAll("tbody[data-dirty]")) delete row.dataset.dirty;
});

// A block of cells goes to the server, which knows the columns, and the field where it was pasted says the first one.
document.addEventListener("paste", (event) => {
  const field = event.target.closest?.(".journal input");
  const text = event.clipboardData?.getData("text") ?? "";
  if (!field || !/[\t\n]/.test(text.trim())) return;
  event.preventDefault();
  const table = field.closest("table");
  htmx.ajax("POST", table.dataset.add, {
    values: { text, first: field.name.slice(field.closest("tbody").dataset.row.length + 1) },
    target: "#pasted", swap: "innerHTML", source: table,
  });
});
