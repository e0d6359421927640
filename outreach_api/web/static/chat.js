// The chat page. Nothing of what is said is stored in the browser: what is not sent yet lives in this page alone.
"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const here = location.pathname.replace(/\/$/, "");
  const ZONE = "Asia/Shanghai";
  const GAP_MS = 5 * 60 * 1000;
  const WAITS_MS = [1000, 2000, 4000, 8000, 15000];
  const known = new Set();      // ids of lines that are shown
  const bubbles = new Map();    // own lines by client id
  const outbox = [];            // written here and not acknowledged yet, in order
  const acknowledged = new Set();
  let stream = null, lastSeen = 0, lastAt = 0, sending = false, failures = 0, timer = 0, standing = { waiting: [] };

  // Making things

  const make = (tag, klass, text) => {
    const made = document.createElement(tag);
    if (klass) made.className = klass;
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const clientId = () => {
    if (crypto.randomUUID) return crypto.randomUUID();
    return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
  };
  const request = (path, body) => fetch(here + path, {
    method: body === undefined ? "GET" : "POST",
    headers: body === undefined ? {} : { "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
    credentials: "same-origin", cache: "no-store",
  });

  // Large type; the wish is kept, and says nothing about anybody

  const enlarge = (large) => {
    document.documentElement.classList.toggle("large", large);
    $("larger").setAttribute("aria-pressed", String(large));
    try { localStorage.setItem("large", large ? "1" : ""); } catch { /* kept for this page only */ }
    toEnd();
  };
  const wasLarge = () => { try { return localStorage.getItem("large") === "1"; } catch { return false; } };

  // Lines

  const lines = $("lines");
  const isAtEnd = () => lines.scrollHeight - lines.scrollTop - lines.clientHeight < 120;
  const toEnd = () => { if (lines) lines.scrollTop = lines.scrollHeight; };
  const day = (at) => at.toLocaleDateString("zh-CN", { timeZone: ZONE, month: "long", day: "numeric" });
  const clock = (at) => at.toLocaleTimeString("zh-CN", { timeZone: ZONE, hour: "2-digit", minute: "2-digit", hour12: false });
  const spokenTime = (at) => {
    const now = new Date();
    if (day(at) === day(now)) return clock(at);
    return day(at) === day(new Date(now - 86400000)) ? `昨天 ${clock(at)}` : `${day(at)} ${clock(at)}`;
  };
  const separate = (at) => {
    if (at - lastAt < GAP_MS) return;
    lastAt = at.getTime();
    put(make("p", "time", spokenTime(at)));
  };
  const put = (node) => lines.insertBefore(node, $("typing"));
  const NAMES = { me: ["我", "我说"], us: ["罗", "智能助手说"], staff: ["工", "工作人员说"] };

  const bubble = (by, text) => {
    const line = make("div", `line ${by}`);
    const avatar = make("span", "avatar", NAMES[by][0]);
    avatar.setAttribute("aria-hidden", "true");
    const said = make("div", "said");
    const box = make("div", "bubble");
    box.append(make("span", "unseen", `${NAMES[by][1]}：`), make("span", "", text));
    said.append(box);
    line.append(avatar, said);
    return line;
  };
  const mark = (line, text, failed) => {
    const old = line.querySelector(".mark");
    if (old) old.remove();
    if (text) line.querySelector(".said").append(make("span", failed ? "mark failed" : "mark", text));
  };

  const showLine = (line) => {
    if (known.has(line.id)) return;
    known.add(line.id);
    lastSeen = Math.max(lastSeen, line.id);
    const follow = isAtEnd() || line.by === "me";
    let first = null;
    const mine = line.client_id && bubbles.get(line.client_id);
    if (mine) {
      mine.dataset.settled = "1";
      settle(line.client_id);
      mark(mine, "");
    } else {
      separate(new Date(line.at));
      first = put(line.by === "system" ? make("p", "aside", line.text) : fromAfar(line));
    }
    if (line.by === "us" || line.by === "staff") chips((line.shown && line.shown.chips) || []);
    for (const panel of (line.shown && line.shown.panels) || []) put(asPanel(panel));
    // A long answer is read from its beginning.
    if (follow && first && line.by !== "me") lines.scrollTop = first.offsetTop - lines.offsetTop - 12;
    else if (follow) toEnd();
  };
  const fromAfar = (line) => {
    const made = bubble(line.by, line.text);
    if (line.client_id) bubbles.set(line.client_id, made);
    if (line.channel === "sms") mark(made, "短信");
    if (line.channel === "voice") mark(made, "电话");
    return made;
  };

  // Panels and chips

  const entry = (list, name, content) => {
    if (!content) return;
    list.append(make("dt", "", name));
    const value = make("dd");
    value.append(content);
    list.append(value);
  };
  const documents = (papers) => {
    const all = make("div");
    const list = make("ul");
    for (const paper of papers.needed) {
      const label = make("label"), box = make("input");
      box.type = "checkbox";
      label.append(box, make("span", "", paper));
      const item = make("li");
      item.append(label);
      list.append(item);
    }
    if (papers.needed.length) all.append(list);
    if (papers.say) all.append(make("p", papers.needed.length ? "quiet" : "", papers.say));
    return all;
  };
  const asPanel = (panel) => {
    const made = make("article", "panel");
    made.setAttribute("aria-label", panel.name);
    made.append(make("h2", "", panel.name));
    const list = make("dl");
    entry(list, "能得到", panel.amount && make("p", "amount", panel.amount));
    entry(list, "要带的", panel.documents && documents(panel.documents));
    entry(list, "去哪里", panel.where && make("p", "", panel.where));
    entry(list, "离您最近", panel.station && make("p", "", panel.station));
    entry(list, "什么时候", panel.deadline && make("p", "", panel.deadline));
    made.append(list);
    const ground = [panel.source.name, panel.source.dated].filter(Boolean).join("，");
    const source = make("p", "source", "依据：");
    if (panel.source.url) {
      const link = make("a", "", ground);
      link.href = panel.source.url;
      link.target = "_blank";
      link.rel = "noreferrer noopener";
      source.append(link);
    } else source.append(ground);
    made.append(source);
    if (panel.press) made.append(...presses(panel.press));
    return made;
  };
  const presses = (press) => {
    const button = make("button", "main-button", press.label);
    button.type = "button";
    button.dataset.button = press.button;
    button.addEventListener("click", () => {
      for (const same of lines.querySelectorAll("[data-button]"))
        if (same.dataset.button === press.button) same.disabled = true;
      write(press.says, press.button);
      $("words").focus({ preventScroll: true });
    });
    return press.button.startsWith("apply:") ? [make("p", "consent", press.terms || `点下面的按钮，就是说：${press.says}`), button] : [button];
  };
  const chips = (choices) => {
    const box = $("chips");
    box.replaceChildren(...choices.map((choice) => {
      const chip = make("button", "", choice.label);
      chip.type = "button";
      chip.addEventListener("click", () => { write(choice.says); $("words").focus({ preventScroll: true }); });
      return chip;
    }));
    box.scrollLeft = 0;
  };

  // Sending: one at a time, in order, again and again until it is acknowledged; the id makes it one message

  const write = (text, button) => {
    const id = clientId();
    separate(new Date());
    const line = put(bubble("me", text));
    bubbles.set(id, line);
    outbox.push({ client_id: id, text, button: button || null });
    chips([]);
    toEnd();
    flush();
  };
  const settle = (id) => {
    acknowledged.delete(id);
    const place = outbox.findIndex((each) => each.client_id === id);
    if (place >= 0) outbox.splice(place, 1);
    showTyping();
  };
  const flush = async () => {
    if (sending || !outbox.length) return;
    clearTimeout(timer);
    sending = true;
    const next = outbox[0];
    try {
      const answer = await request("/messages", next);
      if (answer.ok) {
        failures = 0;
        if (outbox[0] === next) outbox.shift();
        // Its line may have come by the stream already.
        if (!bubbles.get(next.client_id).dataset.settled) acknowledged.add(next.client_id);
        mark(bubbles.get(next.client_id), "");
        notice("");
        showTyping();
      } else if (answer.status === 401 || answer.status === 404) {
        sending = false;
        return begin();
      } else if (answer.status < 500 && answer.status !== 429) {
        outbox.shift();
        mark(bubbles.get(next.client_id), "没发出去", true);
      } else throw new Error(String(answer.status));
    } catch {
      wait(next);
    } finally { sending = false; }
    if (outbox.length && !failures) flush();
  };
  const wait = (next) => {
    mark(bubbles.get(next.client_id), "连上以后会发出");
    notice("网络断了，正在重连。您写的会在连上以后发出。");
    timer = setTimeout(flush, WAITS_MS[Math.min(failures, WAITS_MS.length - 1)]);
    failures += 1;
  };
  const notice = (text) => { if ($("notice").textContent !== text) $("notice").textContent = text; };

  // Listening: replayed from the last line seen

  const listen = () => {
    if (stream) stream.close();
    stream = new EventSource(`${here}/stream?after=${lastSeen}`);
    stream.addEventListener("open", () => { notice(standing.stopped ? STOPPED : ""); failures = 0; flush(); });
    stream.addEventListener("line", (event) => showLine(JSON.parse(event.data)));
    stream.addEventListener("standing", (event) => stand(JSON.parse(event.data)));
    stream.addEventListener("over", () => { stream.close(); setTimeout(begin, WAITS_MS[0]); });
    stream.addEventListener("error", () => {
      notice("网络断了，正在重连。您写的会在连上以后发出。");
      // A refused stream is not opened again by the browser.
      if (stream.readyState === EventSource.CLOSED) setTimeout(begin, WAITS_MS[1]);
    });
  };
  const STOPPED = "按您的意思，我们不再联系您。想恢复，写“恢复”就行。";
  const stand = (now) => {
    standing = now;
    for (const written of now.waiting) {
      acknowledged.add(written.client_id);
      // Written before this page was opened, or in another tab.
      if (!bubbles.has(written.client_id)) bubbles.set(written.client_id, put(bubble("me", written.text)));
    }
    const who = now.relation ? `您是${now.relation}，帮老人问` : now.real_name ? "已实名核对" : "";
    $("who").hidden = !who;
    $("who").textContent = who;
    notice(now.stopped ? STOPPED : "");
    showTyping();
  };
  const showTyping = () => {
    const typing = $("typing");
    if (!typing) return;
    const was = typing.hidden;
    typing.hidden = standing.staff || standing.stopped || !acknowledged.size;
    if (was && !typing.hidden) toEnd();
  };

  // Coming in

  const begin = async () => {
    clearTimeout(timer);
    try {
      const answer = await request("/state");
      if (answer.status === 404) return gone();
      if (!answer.ok) throw new Error(String(answer.status));
      const state = await answer.json();
      notice("");
      if (state.open) enter(); else gate(state.locked);
    } catch {
      notice("网络断了，正在重连。您写的会在连上以后发出。");
      timer = setTimeout(begin, WAITS_MS[Math.min(failures, WAITS_MS.length - 1)]);
      failures += 1;
    }
  };
  const gone = () => { if (stream) stream.close(); location.reload(); };
  const enter = () => {
    $("gate").hidden = true;
    $("talk").hidden = $("leave").hidden = false;
    listen();
    flush();
  };
  const gate = (locked) => {
    if (stream) stream.close();
    $("talk").hidden = $("leave").hidden = true;
    $("gate").hidden = false;
    if (locked) lockUp(); else $("surname").focus();
    if (cameBack) $("identity-error").textContent = cameBack;
  };
  // Back from a real-name sign-in that came to nothing.
  const SAID = {
    cancelled: "没有实名登录。可以填姓和月份，或再点一次。",
    unreached: "实名登录暂时连不上。可以填姓和月份进入。",
    not_genuine: "实名登录没有成功。可以填姓和月份，或再点一次。",
    wrong: "实名登录没有成功。可以填姓和月份，或再点一次。",
    another: "这个链接是发给另一位的。替家里人问，请填他（她）的姓和月份，选“家里人”。",
  };
  const cameBack = SAID[new URLSearchParams(location.search).get("said")] || "";
  if (location.search) history.replaceState(null, "", here);
  const LOCKED = "没对上，为了保险，这个链接先停用。工作人员会来跟您核对；着急请打 12345。";
  const lockUp = () => {
    $("identity-error").textContent = LOCKED;
    $("enter").disabled = true;
  };
  const identify = async (event) => {
    event.preventDefault();
    const surname = $("surname").value.trim(), month = Number($("month").value);
    const family = document.querySelector("[name=speaker]:checked").value === "family";
    if (!surname || !month) {
      $("identity-error").textContent = "请把姓和月份都填上。";
      (surname ? $("month") : $("surname")).focus();
      return;
    }
    $("enter").disabled = true;
    try {
      const answer = await request("/identity", { surname, month, relation: family ? $("relation").value : null });
      const said = await answer.json();
      $("enter").disabled = false;
      if (answer.ok) { $("identity-error").textContent = ""; $("identity").reset(); enter(); $("words").focus(); }
      else if (said.denied === "locked") lockUp();
      else $("identity-error").textContent = answer.status === 429 ? "试得太快了，过一分钟再试。" : "跟登记的没对上，请再看看。";
    } catch {
      $("enter").disabled = false;
      $("identity-error").textContent = "网络断了，请再点一次。";
    }
  };
  const leave = async () => {
    try { await request("/leave", {}); } catch { /* it ends by itself */ }
    if (stream) stream.close();
    location.reload();
  };

  const start = () => {
    enlarge(wasLarge());
    const typing = bubble("us", "正在输入…");
    typing.id = "typing";
    typing.classList.add("typing");
    typing.hidden = true;
    lines.append(typing);
    $("larger").addEventListener("click", () => enlarge(!document.documentElement.classList.contains("large")));
    $("leave").addEventListener("click", leave);
    $("identity").addEventListener("submit", identify);
    $("identity").addEventListener("change", () => {
      $("relation-row").hidden = document.querySelector("[name=speaker]:checked").value !== "family";
    });
    $("compose").addEventListener("submit", (event) => {
      event.preventDefault();
      const text = $("words").value.trim();
      if (text) write(text);
      $("words").value = "";
      $("words").focus({ preventScroll: true });
    });
    $("words").addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); $("compose").requestSubmit(); }
    });
    addEventListener("online", () => { failures = 0; flush(); });
    begin();
  };
  start();
})();
