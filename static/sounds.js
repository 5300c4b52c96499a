// What a scan sounds and feels like, for people who look at the shelf: short and high, double, low buzz.

const MUTED = "count-muted";
const TONES = {
  ok: { notes: [[1320, 0, 0.07]], shape: "sine", buzz: 30 },
  elsewhere: { notes: [[880, 0, 0.09], [880, 0.15, 0.09]], shape: "sine", buzz: [60, 60, 60] },
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
  const volume = context.createGain();
  oscillator.type = shape;
  oscillator.frequency.value = pitch;
  volume.gain.setValueAtTime(0.0001, at);
  volume.gain.exponentialRampToValueAtTime(0.25, at + 0.01);
  volume.gain.exponentialRampToValueAtTime(0.0001, at + length);
  oscillator.connect(volume).connect(context.destination);
  oscillator.start(at);
  oscillator.stop(at + length);
}
