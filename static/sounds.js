// What a scan sounds and feels like, for people who look at the shelf: short and high, double, low buzz, and a
// soft tap for what was scanned before.

const MUTED = "count-muted";
const VOLUME = "count-volume";
const USUAL = 50; // of 100
const TONES = {
  ok: { notes: [[1320, 0, 0.07]], shape: "sine", buzz: 30 },
  elsewhere: { notes: [[880, 0, 0.09], [880, 0.15, 0.09]], shape: "sine", buzz: [60, 60, 60] },
  again: { notes: [[520, 0, 0.04]], shape: "sine", buzz: 10 },
  bad: { notes: [[150, 0, 0.35]], shape: "sawtooth", buzz: 300 },
};
let context;

export function muted() {
  try {
    return localStorage.getItem(MUTED) === "yes";
  } catch {
    return false;
  }
}

export function mute(yes) {
  try {
    if (yes) localStorage.setItem(MUTED, "yes");
    else localStorage.removeItem(MUTED);
  } catch { /* a private window remembers nothing */ }
}

export function volume() {
  try {
    const kept = Number(localStorage.getItem(VOLUME) ?? USUAL);
    return kept >= 0 && kept <= 100 ? kept : USUAL;
  } catch {
    return USUAL;
  }
}

export function setVolume(loud) {
  try {
    localStorage.setItem(VOLUME, String(loud));
  } catch { /* a private window remembers nothing */ }
}

export function sound(name) {
  const tone = TONES[name];
  if (!tone || muted()) return;
  navigator.vibrate?.(tone.buzz);
  try {
    context ??= new AudioContext();
    if (context.state === "suspended") context.resume();
    for (const [pitch, after, length] of tone.notes) note(pitch, context.currentTime + after, length, tone.shape);
  } catch { /* no sound on this device */ }
}

function note(pitch, at, length, shape) {
  const oscillator = context.createOscillator();
  const gain = context.createGain();
  const loudest = Math.max(0.0001, volume() / 200);
  oscillator.type = shape;
  oscillator.frequency.value = pitch;
  gain.gain.setValueAtTime(0.0001, at);
  gain.gain.exponentialRampToValueAtTime(loudest, at + 0.01);
  gain.gain.exponentialRampToValueAtTime(0.0001, at + length);
  oscillator.connect(gain).connect(context.destination);
  oscillator.start(at);
  oscillator.stop(at + length);
}
