// A table that is filled in by keyboard, as in a spreadsheet: Enter and the arrow keys go to the same column of the next
// row. What a row saves, and when, is said by its form. Nothing here is needed to work.

const FIELDS = "input:not([type=hidden], [disabled]), select:not([disabled])";
const STEPS = { Enter: 1, ArrowDown: 1, ArrowUp: -1 };

function fieldBeside(field, step) {
  const cell = field.closest("td, th");
  let row = field.closest("tr");
  while ((row = step > 0 ? row.nextElementSibling : row.previousElementSibling)) {
    const found = row.cells[cell.cellIndex]?.querySelector(FIELDS);
    if (found) return found;
  }
  return null;
}

// Whoever comes to a field types over what stands in it.
document.addEventListener("focusin", (event) => {
  if (event.target.matches?.(".grid input[type=text]")) event.target.select();
});

document.addEventListener("keydown", (event) => {
  const step = STEPS[event.key];
  const field = event.target.closest?.(".grid input, .grid select");
  if (!step || !field || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (field.matches("select") && event.key !== "Enter") return; // the arrows choose
  const next = fieldBeside(field, event.key === "Enter" && event.shiftKey ? -1 : step);
  if (!next) return; // Enter in the last row sends it
  event.preventDefault();
  next.focus(); // leaving a field that was changed saves its row
});
