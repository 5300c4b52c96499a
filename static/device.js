// What a device keeps for itself: whether it makes sounds, and how loud.

import { mute, muted, setVolume, sound, volume } from "./sounds.js";

const on = document.getElementById("sound-on");
const loud = document.getElementById("volume");

document.getElementById("sounds").hidden = false;
on.checked = !muted();
loud.value = String(volume());
on.addEventListener("change", () => {
  mute(!on.checked);
  sound("ok");
});
loud.addEventListener("change", () => {
  setVolume(Number(loud.value));
  sound("ok");
});
document.getElementById("sounds").addEventListener("click", (event) => sound(event.target.closest("[data-play]")?.dataset.play));
