// The visitor's page: draws the day's doors, keeps what is recorded at them, sends it when there is a net.
"use strict";

const WORDS = JSON.parse(document.getElementById("visit-words").textContent);
const SAID = WORDS.said;
const place = (id) => document.getElementById(id);
const csrf = JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRF-Token"];
let day = null;
let sending = null;

// Text goes in as text: what residents are called can never become part of the page.
function make(tag, options = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(options)) {
    if (name === "text") made.textContent = value;
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter(Boolean));
  return made;
}

async function ask(path, options = {}) {
  const answer = await fetch(path, { redirect: "manual", headers: { "X-CSRF-Token": csrf, ...options.headers }, ...options });
  if (answer.type === "opaqueredirect" || answer.status === 401 || answer.status === 403) throw new Error("sign-in");
  if (!answer.ok) throw new Error("refused");
  return answer.json();
}

function tellNet(text) {
  place("net-state").hidden = !text;
  place("net-state").textContent = text || "";
}

async function loadDay() {
  try {
    day = await ask("/visits/list");
    await VisitStore.keepList(day);
    tellNet("");
  } catch (fault) {
    day = await VisitStore.list();
    tellNet(fault.message === "sign-in" ? SAID.visit_sign_in_again : SAID.visit_offline);
  }
  await draw();
}

async function draw() {
  const records = await VisitStore.records();
  place("team-day").textContent = day ? `${day.team} · ${day.day}` : "";
  const done = new Map();
  const surveyed = new Set();
  for (const record of records) {
    if (record.answers) surveyed.add(record.case_id);
    else done.set(record.case_id, record);
  }
  const doors = day ? day.doors : [];
  place("doors").replaceChildren(...doors.map((door, turn) => drawDoor(door, turn, done.get(door.case)?.outcome || door.done, surveyed.has(door.survey_case))));
  if (!doors.length) place("doors").append(make("li", { class: "empty", text: SAID.visit_nothing_today }));
  showSync(records);
}

function showSync(records) {
  const refused = records.filter((record) => record.refused);
  place("sync-state").textContent = records.length ? `${SAID.visit_waits_sync} ${records.length}` : SAID.visit_all_synced;
  if (refused.length) tellNet(`${SAID.visit_not_taken} ${[...new Set(refused.map((r) => WORDS.refused[r.refused]))].join(" ")}`);
}

function drawDoor(door, turn, outcome, surveyed) {
  const title = make("h2", {}, `${turn + 1}. ${door.part} ${door.name} `);
  for (const mark of door.marks) title.append(make("span", { class: "mark urgent", text: mark }), " ");
  const card = make(
    "li",
    { class: "sheet door", "data-case": door.case },
    title,
    door.address && make("p", { class: "address", text: door.address }),
    door.phone && make("p", {}, make("a", { class: "button", href: `tel:${door.phone}`, text: SAID.visit_call })),
    door.summary && make("p", { class: "quiet", text: door.summary }),
    !outcome && make("p", {}, `${SAID.visit_code} `, make("b", { class: "code", text: door.code })),
  );
  if (door.survey.length && !outcome) card.append(drawSurvey(door, surveyed));
  if (outcome) card.append(make("p", { class: "recorded", role: "status" }, `${SAID.visit_recorded} `, make("b", { text: outcomeWord(outcome) })));
  else card.append(drawIdentity(door), drawForm(door));
  return card;
}

const outcomeWord = (outcome) => (WORDS.outcomes.find(([value]) => value === outcome) || [0, outcome])[1];

function drawIdentity(door) {
  if (!door.birth_check) return make("span");
  const field = make("input", { id: `born-${door.case}`, type: "text", inputmode: "numeric", placeholder: "1951-03", maxlength: "7", autocomplete: "off" });
  const said = make("p", { role: "status", class: "identity" });
  field.addEventListener("input", async () => {
    said.textContent = "";
    if (!/^\d{4}-?\d{2}$/.test(field.value)) return;
    const month = field.value.replace(/^(\d{4})-?(\d{2})$/, "$1-$2");
    const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(`${day.salt}:${month}`));
    const digest = [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    const same = digest === door.birth_check;
    said.textContent = same ? SAID.visit_identity_same : SAID.visit_identity_differs;
    said.className = `identity ${same ? "good" : "bad"}`;
  });
  return make("details", { class: "more" }, make("summary", { text: SAID.visit_check_identity }), make("div", { class: "stack" }, make("label", { for: field.id, text: SAID.visit_birth_month }), field, said));
}

function drawForm(door) {
  const form = make("form", { class: "stack" });
  const choices = make("fieldset", {}, make("legend", { text: SAID.visit_what }));
  for (const item of door.todo) {
    const box = make("input", { type: "checkbox", name: "policy", value: item.id, checked: true });
    const label = make("label", { class: "tick" }, box, item.name);
    if (item.bring) label.append(make("span", { class: "sub", text: `${SAID.visit_bring} ${item.bring}` }));
    choices.append(label);
  }
  const consent = make("input", { type: "checkbox", name: "consent" });
  const note = make("textarea", { id: `note-${door.case}`, name: "note", rows: "2", maxlength: "2000" });
  const said = make("p", { role: "alert", class: "bad" });
  const buttons = make("div", { class: "outcomes", role: "group", "aria-label": SAID.visit_choose });
  for (const [value, word] of WORDS.outcomes) {
    const act = () => record(door, form, value, said);
    buttons.append(make("button", { type: "button", class: value === "applied" ? "button primary" : "button", "data-outcome": value, text: word, onclick: act }));
  }
  form.append(door.todo.length ? choices : "", make("label", { class: "tick" }, consent, SAID.visit_consent), make("label", { for: note.id, text: SAID.note }), note, said, buttons);
  return form;
}

// The same questions as by text or call; what is left empty was not asked, or not answered.
function drawSurvey(door, kept) {
  if (kept) return make("p", { class: "recorded", role: "status", text: SAID.visit_survey_kept });
  const form = make("form", { class: "stack survey" });
  for (const question of door.survey) form.append(drawQuestion(door, question));
  const keep = async (refused) => {
    const answers = {};
    for (const question of door.survey) {
      const fields = [...form.elements].filter((field) => field.name === question.id);
      const given = fields.filter((field) => field.type !== "checkbox" || field.checked).map((field) => field.value.trim());
      if (given.some(Boolean)) answers[question.id] = given.filter(Boolean).join(",");
    }
    if (!refused && !Object.keys(answers).length) return;
    await VisitStore.keepRecord({ client_id: crypto.randomUUID(), case_id: door.survey_case, answers, survey_refused: refused, made: Date.now() });
    await draw();
    await send();
  };
  form.append(
    make("div", { class: "outcomes" }, make("button", { type: "button", class: "button primary", "data-survey": "keep", text: SAID.visit_survey_keep, onclick: () => keep(false) }), make("button", { type: "button", class: "button", text: SAID.visit_survey_refused, onclick: () => keep(true) })),
  );
  return make("details", { class: "more", open: true }, make("summary", { text: SAID.visit_survey }), form);
}

function drawQuestion(door, question) {
  const id = `ask-${door.case}-${question.id}`;
  if (question.kind === "multi") {
    const choices = make("fieldset", {}, make("legend", { text: question.text }));
    for (const [value, word] of question.options) choices.append(make("label", { class: "tick" }, make("input", { type: "checkbox", name: question.id, value }), word));
    return choices;
  }
  let field;
  if (question.options.length) {
    field = make("select", { id, name: question.id }, make("option", { value: "" }));
    for (const [value, word] of question.options) field.append(make("option", { value, text: word }));
  } else if (question.kind === "number") field = make("input", { id, name: question.id, inputmode: "numeric", maxlength: "4", autocomplete: "off" });
  else field = make("textarea", { id, name: question.id, rows: "2", maxlength: "300" });
  return make("div", { class: "field" }, make("label", { for: id, text: question.text }), field);
}

async function record(door, form, outcome, said) {
  if (outcome === "applied" && !form.consent.checked) {
    said.textContent = SAID.visit_consent_first;
    form.consent.focus();
    return;
  }
  const chosen = [...form.querySelectorAll('input[name="policy"]:checked')].map((box) => box.value);
  for (const policy of chosen.length ? chosen : [null]) {
    await VisitStore.keepRecord({
      client_id: crypto.randomUUID(),
      case_id: door.case,
      policy_id: policy,
      visit_on: day.day,
      outcome,
      note: form.note.value.trim() || null,
      consented: outcome === "applied" && form.consent.checked,
      made: Date.now(),
    });
  }
  await draw();
  await send();
}

// One sending at a time; what the server has kept is dropped here, and what was lost on the way is sent again.
function send() {
  sending = (sending || Promise.resolve()).then(sendAll, sendAll);
  return sending;
}

async function sendAll() {
  const records = await VisitStore.records();
  if (!records.length) return;
  const now = records.slice(0, 100);
  const body = JSON.stringify({
    records: now.filter((one) => !one.answers).map(({ made, refused, ...sent }) => sent),
    surveys: now.filter((one) => one.answers).map((one) => ({ client_id: one.client_id, case_id: one.case_id, answers: one.answers, refused: one.survey_refused })),
  });
  try {
    const answer = await ask("/visits/sync", { method: "POST", headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf }, body });
    const byId = new Map(records.map((one) => [one.client_id, one]));
    for (const result of answer.results) {
      if (result.refused) await VisitStore.keepRecord({ ...byId.get(result.client_id), refused: result.refused });
      else await VisitStore.dropRecord(result.client_id);
    }
    await loadDay();
  } catch (fault) {
    tellNet(fault.message === "sign-in" ? SAID.visit_sign_in_again : SAID.visit_offline);
    showSync(await VisitStore.records());
  }
}

document.querySelector('form[action="/sign-out"]')?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  await send();
  if ((await VisitStore.records()).some((one) => !one.refused)) {
    tellNet(SAID.visit_sync_first);
    return;
  }
  await VisitStore.forget();
  form.submit();
});
window.addEventListener("online", send);
place("sync-now").addEventListener("click", () => send().then(loadDay));
if ("serviceWorker" in navigator) navigator.serviceWorker.register("/visits/worker.js", { scope: "/visits/" });
loadDay().then(send);
