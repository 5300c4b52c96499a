// What was said and is not answered yet. One after the other, in the order in which it was said, until it arrived:
// the same client_id is sent again, so that it counts once, with its age, so that it counts at its time.

const AGAIN = [500, 1000, 2000, 4000, 8000, 15000];
const TOO_LONG = 20000;
const TRIES_AT_A_FAULT = 4; // an error of the server itself is not waited out for ever

// crypto.randomUUID needs https; a warehouse may have none.
export function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

const wait = (ms) => new Promise((resolve) => {
  const timer = setTimeout(done, ms);
  function done() {
    clearTimeout(timer);
    removeEventListener("online", done);
    resolve();
  }
  addEventListener("online", done);
});

function token() {
  return document.cookie.match(/(?:^|; )csrftoken=([^;]+)/)?.[1];
}

// `answered(response, text, item)` shows an answer; `changed(outbox)` is told whenever something changes;
// `held(item)` says whether an item has to wait for somebody's answer to a question.
export class Outbox {
  constructor({ answered, changed, held }) {
    Object.assign(this, { answered, changed, held, items: [], trouble: "", busy: false });
  }

  get waiting() {
    return this.items.length;
  }

  // `fields` are [name, value] pairs; a function is asked when the item is sent. `first`: before all that waits.
  put(item, { first = false } = {}) {
    Object.assign(item, { at: performance.now(), id: newId() });
    if (first && this.items.length) this.items.splice(this.sending ? 1 : 0, 0, item);
    else this.items.push(item);
    this.changed(this);
    this.work();
    return item;
  }

  // Resolves when nothing is on its way any more.
  async idle() {
    while (this.items.length) await new Promise((resolve) => { this.onIdle = [...(this.onIdle ?? []), resolve]; });
  }

  async work() {
    if (this.busy) return;
    this.busy = true;
    while (this.items.length && !this.held(this.items[0])) {
      this.sending = this.items[0];
      await this.deliver(this.sending);
      this.items.splice(this.items.indexOf(this.sending), 1);
      this.sending = null;
      this.changed(this);
    }
    this.busy = false;
    if (!this.items.length) {
      const waiting = this.onIdle ?? [];
      this.onIdle = [];
      for (const resolve of waiting) resolve();
    }
  }

  async deliver(item) {
    for (let tries = 0; ; tries += 1) {
      const { response, text, trouble } = await this.send(item);
      if (trouble) {
        this.trouble = trouble;
        this.changed(this);
        if (trouble === "fault" && tries + 1 >= TRIES_AT_A_FAULT) {
          this.trouble = "";
          await this.answered(null, "", item);
          return;
        }
        await wait(AGAIN[Math.min(tries, AGAIN.length - 1)]);
        continue;
      }
      this.trouble = "";
      await this.answered(response, text, item);
      return;
    }
  }

  async send(item) {
    const body = new URLSearchParams(typeof item.fields === "function" ? item.fields() : item.fields);
    body.set("client_id", item.id);
    body.set("age", String(Math.round(performance.now() - item.at)));
    const headers = { "HX-Request": "true", "HX-Current-URL": location.href, "X-Page-Language": document.documentElement.lang };
    if (token()) {
      headers["X-CSRFToken"] = token();
      body.delete("csrfmiddlewaretoken");
    }
    try {
      const response = await fetch(item.url, {
        method: "POST", body, headers, credentials: "same-origin", keepalive: String(body).length < 60000, signal: AbortSignal.timeout?.(TOO_LONG),
      });
      const text = await response.text();
      const goes = response.headers.get("HX-Redirect") ?? "";
      if (goes.startsWith("/login")) return { trouble: "login" };
      if (response.status === 500) return { trouble: "fault" };
      if (response.status > 500 || response.status === 429 || response.status === 408) return { trouble: "server" };
      return { response, text };
    } catch {
      return { trouble: "offline" };
    }
  }
}
