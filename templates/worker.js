// Where no network is, a page of ours says so instead of the browser's. Nothing else is kept: figures must not be old.
const KEPT = "offline-{{ version }}";
const OFFLINE = "{% url 'offline' %}";
const ITS = ["{% static 'app.css' %}", "{% static 'icons.svg' %}", "{% static 'mark.svg' %}"];

self.addEventListener("install", (event) => {
  self.skipWaiting();
  event.waitUntil(caches.open(KEPT).then((kept) => kept.addAll([OFFLINE, ...ITS])));
});

self.addEventListener("activate", (event) => {
  const drop = (names) => Promise.all(names.filter((name) => name !== KEPT).map((name) => caches.delete(name)));
  event.waitUntil(caches.keys().then(drop).then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.mode === "navigate") event.respondWith(fetch(request).catch(() => caches.match(OFFLINE)));
  else if (ITS.includes(new URL(request.url).pathname)) event.respondWith(fetch(request).catch(() => caches.match(request)));
});
