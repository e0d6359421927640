// What the visitor's phone keeps: the day's list and records that are not sent yet, sealed with a key that cannot be
// taken out of this browser. Signing out throws the key and the list away.
"use strict";

const VisitStore = (() => {
  const open = () =>
    new Promise((resolve, reject) => {
      const asked = indexedDB.open("visits", 1);
      asked.onupgradeneeded = () => asked.result.createObjectStore("kept");
      asked.onsuccess = () => resolve(asked.result);
      asked.onerror = () => reject(asked.error);
    });

  async function inStore(mode, act) {
    const database = await open();
    try {
      return await new Promise((resolve, reject) => {
        const transaction = database.transaction("kept", mode);
        const asked = act(transaction.objectStore("kept"));
        transaction.oncomplete = () => resolve(asked.result);
        transaction.onerror = () => reject(transaction.error);
        transaction.onabort = () => reject(transaction.error);
      });
    } finally {
      database.close();
    }
  }

  const read = (name) => inStore("readonly", (store) => store.get(name));
  const write = (name, value) => inStore("readwrite", (store) => store.put(value, name));
  const remove = (name) => inStore("readwrite", (store) => store.delete(name));
  const names = () => inStore("readonly", (store) => store.getAllKeys());

  async function key() {
    const kept = await read("key");
    if (kept) return kept;
    const made = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
    await write("key", made);
    return made;
  }

  async function seal(name, value) {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const plain = new TextEncoder().encode(JSON.stringify(value));
    const data = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, await key(), plain);
    await write(name, { iv, data });
  }

  async function unseal(name) {
    const kept = await read(name);
    if (!kept) return null;
    try {
      const plain = await crypto.subtle.decrypt({ name: "AES-GCM", iv: kept.iv }, await key(), kept.data);
      return JSON.parse(new TextDecoder().decode(plain));
    } catch {
      return null;
    }
  }

  const RECORD = "record:";
  return {
    keepList: (list) => seal("list", list),
    list: () => unseal("list"),
    keepRecord: (record) => seal(RECORD + record.client_id, record),
    dropRecord: (clientId) => remove(RECORD + clientId),
    async records() {
      const found = (await names()).filter((name) => name.startsWith(RECORD));
      const opened = await Promise.all(found.map(unseal));
      return opened.filter(Boolean).sort((one, other) => one.made - other.made);
    },
    // The list goes at once; the key stays only for as long as something recorded waits to be sent.
    async forget() {
      const waiting = (await names()).some((name) => name.startsWith(RECORD));
      await remove("list");
      if (!waiting) await remove("key");
      for (const name of await caches.keys()) if (name.startsWith("visits")) await caches.delete(name);
    },
  };
})();
