// Keeps the visitor's page, not the people on it: the shell and what it is drawn with, for when there is no net.
"use strict";

const CACHE = "visits-1";
const SHELL = "/visits/day";
const PARTS = [SHELL, "/static/console.css", "/static/visit_store.js", "/static/visits.js", "/static/seal.svg"];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(PARTS)).then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => {
  const old = caches.keys().then((names) =>
    Promise.all(names.filter((name) => name.startsWith("visits") && name !== CACHE).map((name) => caches.delete(name))),
  );
  event.waitUntil(old.then(() => self.clients.claim()));
});

// The net first, so that a new version and a lost session are seen; what was kept only where the net is gone.
async function fromNet(request) {
  try {
    const answer = await fetch(request);
    if (answer.ok && !answer.redirected) (await caches.open(CACHE)).put(request, answer.clone());
    return answer;
  } catch (fault) {
    const kept = await caches.match(request, { ignoreSearch: true });
    if (kept) return kept;
    throw fault;
  }
}

self.addEventListener("fetch", (event) => {
  const path = new URL(event.request.url).pathname;
  if (event.request.method === "GET" && PARTS.includes(path)) event.respondWith(fromNet(event.request));
});
