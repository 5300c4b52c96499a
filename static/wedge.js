// A scanner that pretends to be a keyboard: it types a code faster than any hand, and ends it with Enter or Tab.
// Wherever the cursor stands, such a burst is taken out again and handed on; the field keeps what it held before.

const APART = 40; // ms between two keys of a burst
const STALL = 100; // ms for which some scanners falter, over the air or before Enter ...
const BETWEEN_STALLS = 8; // ... once in so many keys; a hand always takes its time
const SHORTEST = 3;
const QUIET = 300; // ms in which characters after a scan are not typed anywhere
export const FNC1 = "\x1d";

const MODIFIERS = new Set(["Shift", "Control", "Alt", "AltGraph", "Meta", "CapsLock", "NumLock", "Fn"]);

// The character that a key stands for; FNC1 arrives as Ctrl+], as F8 or as itself.
function character(event) {
  if (event.key === FNC1 || event.key === "F8" || (event.ctrlKey && !event.altKey && (event.key === "]" || event.code === "BracketRight"))) return FNC1;
  if (event.key.length !== 1 || event.metaKey) return "";
  const plain = !event.ctrlKey && !event.altKey;
  return plain || event.getModifierState("AltGraph") ? event.key : "";
}

const ends = (event) => event.key === "Enter" || event.key === "Tab" || (event.ctrlKey && (event.key === "m" || event.key === "j"));

function snapshot(element) {
  if (!(element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement)) return null;
  const kept = { element, value: element.value, dirty: element.form?.dataset.dirty };
  try {
    [kept.start, kept.end] = [element.selectionStart, element.selectionEnd];
  } catch { /* dates and numbers have no selection */ }
  return kept;
}

function restore({ element, value, dirty, start, end }) {
  if (element.value !== value) element.value = value;
  if (element.form) {
    if (dirty === undefined) delete element.form.dataset.dirty;
    else element.form.dataset.dirty = dirty;
  }
  if (typeof start === "number" && document.activeElement === element) element.setSelectionRange(start, end);
}

// `onScan(code)` is called with every burst.
export function listen(onScan) {
  let keys = [];
  let stalls = 0;
  let last = -Infinity;
  let quiet = -Infinity;
  let before = null;
  let altCode = "";

  function begin(event, key) {
    keys = key ? [key] : [];
    stalls = 0;
    // In the quiet time nothing is typed, so there is nothing to take back.
    before = event.timeStamp < quiet ? null : snapshot(event.target);
  }

  window.addEventListener("keydown", (event) => {
    if (event.isComposing || MODIFIERS.has(event.key)) return;
    const apart = event.timeStamp - last;
    if (ends(event) && !event.repeat) {
      const code = keys.join("");
      const burst = keys.length >= SHORTEST && stalls * BETWEEN_STALLS <= keys.length && apart < STALL;
      const stray = !burst && event.timeStamp < quiet;
      keys = [];
      if (burst || stray) {
        event.preventDefault();
        event.stopImmediatePropagation();
      }
      if (!burst) return;
      if (before) restore(before);
      quiet = event.timeStamp + QUIET;
      onScan(code);
      return;
    }
    if (event.altKey && /^Numpad\d$/.test(event.code)) {
      altCode += event.code.at(-1);
      last = event.timeStamp;
      return;
    }
    const key = character(event);
    if (!key || event.repeat) {
      keys = [];
      return;
    }
    last = event.timeStamp;
    if (apart < STALL && keys.length) {
      keys.push(key);
      if (apart < APART) event.stopPropagation(); // no shortcut in the middle of a code
      else stalls += 1;
    } else begin(event, key);
    if (key === FNC1 || event.timeStamp < quiet) {
      event.preventDefault();
      event.stopPropagation();
    }
  }, true);

  window.addEventListener("keyup", (event) => {
    if (event.key !== "Alt" || !altCode) return;
    if (Number(altCode) === 29) {
      keys.push(FNC1);
      last = event.timeStamp;
      event.preventDefault();
    }
    altCode = "";
  }, true);
}
