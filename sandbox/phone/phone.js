"use strict";
// The phone asks what is new and waits for it; every press is told at once. What is said is read aloud by the browser.
(() => {
  const by = (id) => document.getElementById(id);
  const words = document.body.dataset;
  const voice = window.speechSynthesis;
  const Recogniser = window.SpeechRecognition || window.webkitSpeechRecognition;
  let version = 0, callId = 0, stage = "", shown = 0, closed = 0, spoken = 0, speaking = false, ringer = null;

  const tell = (path, body) =>
    fetch("/phone/" + path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body || {}) });

  // Sound

  function stopSpeaking() {
    if (voice) voice.cancel();
    speaking = false;
  }

  function readAloud(text) {
    if (!voice || !by("aloud").checked || !voice.getVoices().length) return;
    if (!speaking) spoken = 0;
    const before = spoken;
    const words = new SpeechSynthesisUtterance(text);
    words.lang = /[唔嘅咩喺佢]/.test(text) ? "zh-HK" : "zh-CN";
    words.rate = 0.9;
    words.onboundary = (event) => { spoken = before + event.charIndex; };
    words.onend = words.onerror = () => { spoken = before + text.length; speaking = voice.speaking; };
    speaking = true;
    voice.speak(words);
  }

  function ring(on) {
    document.body.classList.toggle("rings", on);
    if (!on) {
      if (ringer) ringer.close();
      ringer = null;
      return;
    }
    if (ringer || !window.AudioContext || !navigator.userActivation || !navigator.userActivation.hasBeenActive) return;
    ringer = new AudioContext();
    for (let at = 0; at < 30; at += 3) {
      const tone = ringer.createOscillator(), loud = ringer.createGain();
      tone.frequency.value = 450;
      loud.gain.value = 0.08;
      tone.connect(loud).connect(ringer.destination);
      tone.start(ringer.currentTime + at);
      tone.stop(ringer.currentTime + at + 1);
    }
  }

  // What is shown

  const clockTime = (at) => new Date(at).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", timeZone: "Asia/Shanghai" });

  function append(list, line, withTime) {
    const item = document.createElement("li");
    const who = document.createElement("span");
    who.className = "hidden";
    who.textContent = line.mine ? words.byMe : words.byThem;
    const said = document.createElement("span");
    said.lang = "zh";
    const pressed = line.mine && /^\[(.)\]$/.exec(line.text);
    said.textContent = pressed ? words.key + " " + pressed[1] : line.text;
    if (pressed) said.lang = document.documentElement.lang;
    item.append(who, said);
    if (line.mine) item.className = "mine";
    if (withTime) {
      const time = document.createElement("time");
      time.dateTime = line.at;
      time.textContent = clockTime(line.at);
      item.append(time);
    }
    list.append(item);
    list.parentElement.scrollTop = list.parentElement.scrollHeight;
  }

  function showTexts(state) {
    const list = by("bubbles");
    for (const bubble of state.bubbles.slice(list.children.length)) append(list, bubble, true);
    by("no-texts").hidden = state.bubbles.length > 0;
    by("note").textContent = state.note;
    by("note").hidden = !state.note;
    by("clock").dateTime = state.now;
    by("clock").textContent = clockTime(state.now);
  }

  function showCall(call) {
    if (call.id !== callId) {
      [callId, stage, shown] = [call.id, "", 0];
      by("lines").replaceChildren();
    }
    const lines = by("lines");
    for (const line of call.lines.slice(shown)) {
      append(lines, line, false);
      if (!line.mine) readAloud(line.text);
    }
    shown = call.lines.length;
    if (call.stage !== stage) enter(call);
  }

  function enter(call) {
    stage = call.stage;
    by("call-number").textContent = call.number;
    by("call-title").textContent = { ringing: words.calling, talking: words.talking, over: words.over }[stage];
    by("ringing").hidden = stage !== "ringing";
    by("talk").hidden = stage === "ringing";
    by("saying").hidden = by("sayings").hidden = by("keys").hidden = by("hang-up").hidden = stage !== "talking";
    by("done").hidden = stage !== "over";
    ring(stage === "ringing");
    const open = stage !== "over" || call.lines.length > 0;
    by("call").hidden = !open || closed === call.id;
    by("texting").hidden = !by("call").hidden;
    const next = { ringing: "answer", talking: "said", over: "close" }[stage];
    if (!by("call").hidden) by(next).focus();
  }

  function show(state) {
    // A call that was over before this page was opened is not shown again.
    if (!version && state.call && state.call.stage === "over") closed = state.call.id;
    version = state.version;
    showTexts(state);
    if (state.call) showCall(state.call);
    by("call-me").disabled = Boolean(state.call) && state.call.stage !== "over";
  }

  async function follow() {
    for (;;) {
      try {
        const answer = await fetch("/phone/since/" + version, { headers: { Accept: "application/json" } });
        if (!answer.ok) throw new Error(String(answer.status));
        show(await answer.json());
        by("lost").hidden = true;
      } catch {
        by("lost").hidden = false;
        await new Promise((resolve) => setTimeout(resolve, 1500));
      }
    }
  }

  // What is done

  function say(text) {
    const body = { text };
    if (speaking) body.heard = spoken;
    stopSpeaking();
    tell("call/say", body);
  }

  function press(key) {
    stopSpeaking();
    tell("call/press", { key });
  }

  function take(form, field, then) {
    by(form).addEventListener("submit", (event) => {
      event.preventDefault();
      const text = by(field).value.trim();
      if (text) then(text);
      by(field).value = "";
      by(field).focus();
    });
  }

  take("write", "text", (text) => tell("text", { text }));
  take("saying", "said", say);
  by("call-me").addEventListener("click", () => tell("wish"));
  by("answer").addEventListener("click", () => tell("call/answer"));
  by("decline").addEventListener("click", () => tell("call/decline"));
  by("hang-up").addEventListener("click", () => { stopSpeaking(); tell("call/hang-up"); });
  by("close").addEventListener("click", () => {
    closed = callId;
    stopSpeaking();
    by("call").hidden = true;
    by("texting").hidden = false;
    by("texts-title").focus();
  });
  by("aloud").addEventListener("change", () => { if (!by("aloud").checked) stopSpeaking(); });
  by("sayings").addEventListener("click", (event) => {
    const chosen = event.target.closest("[data-say]");
    if (chosen) say(chosen.dataset.say);
  });
  by("keys").addEventListener("click", (event) => { if (event.target.dataset.key) press(event.target.dataset.key); });
  document.addEventListener("keydown", (event) => {
    if (stage !== "talking" || event.target.tagName === "INPUT" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (/^[0-9*#]$/.test(event.key)) press(event.key);
  });

  if (Recogniser) {
    by("speak").hidden = false;
    by("speak").addEventListener("click", () => {
      stopSpeaking();
      const recogniser = new Recogniser();
      recogniser.lang = "zh-CN";
      recogniser.onresult = (event) => say(event.results[0][0].transcript);
      recogniser.onend = recogniser.onerror = () => { by("speak").textContent = words.speak; };
      by("speak").textContent = words.listening;
      recogniser.start();
    });
  }
  follow();
})();
