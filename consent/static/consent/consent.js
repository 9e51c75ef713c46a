// Acts on this visitor's own consent: asks when there is no valid answer, starts what was opened, and erases what the
// rest has kept. Reads the cookie by the rules of consent/choice/gate.py. Whatever fails here leaves everything closed.
// For scripts of the page: docs/reference/client.md.

const all = (selector) => [...document.querySelectorAll(selector)];
const banner = all("[data-consent-banner]")[0];
const questions = all("div[data-consent-version]");
const units = all("template[data-consent-service]");
const { consentCookie } = all("[data-consent-cookie]")[0].dataset;
const gpc = navigator.globalPrivacyControl;
const later = () => import("./kept.js");
const forms = all("[name=surface]").map((input) => input.form);
let running = [];
let sending;
let kept;

function show(name, isShown) {
  for (const element of all(`[data-consent-${name}]`)) element.hidden = !isShown;
}

// Two of them are none: nobody can say which is ours. Tried with the server's cases, tests/consent/cookie_headers.json.
function readCookie() {
  const [found, another] = document.cookie.matchAll(RegExp(`(?:^|; *)${consentCookie}="?([^";]*)`, "g"));
  const cookie = new Map(
    another
      ? []
      : found?.[1]
          .split("|")
          .map((pair) => pair.split("="))
          .filter((pair) => pair.length === 2)
  );
  [cookie.number, , cookie.language = "en"] = cookie.get("notice")?.split(".") ?? [];
  return cookie;
}

// What the page says of the notice in the language that was read; only in English do attributes end in no `-de`.
function fact(element, name, { language }) {
  return element?.getAttribute(`data-consent-${name}${language === "en" ? "" : `-${language}`}`);
}

const optedOut = (element, cookie) => gpc && "consentGpc" in element.dataset && cookie.get("gpc") !== "1";

// true, false, or undefined for a question that was not answered as it is now.
function answerTo(element, cookie) {
  if (cookie.has("refused") || optedOut(element, cookie)) return false;
  const answer = cookie.get(element.dataset.consentCategory);
  if (answer && answer === fact(element, "version", cookie)) return true;
  const read = /^\d{1,9}$/.test(cookie.number) && +cookie.number;
  if (answer === "-1" && read >= fact(element, "since", cookie) && read <= fact(banner, "number", cookie)) return false;
}

function isOpen(unit, cookie) {
  const own = cookie.get(unit.dataset.consentService);
  if (own === undefined || cookie.has("refused")) return answerTo(unit, cookie) === true;
  return own === fact(unit, "version", cookie) && !optedOut(unit, cookie);
}

function start(template) {
  const content = document.importNode(template.content, true);
  // In their order, as start code comes before the script that it is for.
  for (const script of content.querySelectorAll("script")) script.async = false;
  template.before(content);
  if (template.nextElementSibling?.matches("[data-consent-embed]")) template.nextElementSibling.hidden = true;
}

function refresh() {
  const cookie = readCookie();
  const answers = questions.map((question) => answerTo(question, cookie));
  const asks = answers.includes(undefined);
  if (banner?.hidden && asks) {
    // Answers that are still valid stay, and are not asked for. An open banner keeps its ticks.
    for (const question of questions) {
      const answer = answerTo(question, cookie);
      question.querySelector("input").checked = answer === true;
      question.hidden = answer !== undefined;
    }
    const again = questions.some((question) => question.hidden && !optedOut(question, cookie));
    banner.querySelector("[data-consent-again]").hidden = !again;
    banner.querySelector("details").open = again;
  }
  if (banner) {
    // The pressed button is about to go, and with it the reader's place: they go on where the page begins.
    if (!asks && banner.matches(":focus-within")) all("main")[0].focus({ preventScroll: true });
    banner.hidden = !asks;
  }
  // Those who are signed in to the admin get no services, and a policy that refuses them: see consent/choice/signed_in.py. An
  // address that has the word closes them, too.
  const signedIn = (document.cookie + JSON.stringify(performance.getEntriesByType("navigation"))).includes("signed_in");
  const allowed = units.filter((unit) => isOpen(unit, cookie));
  // What the site itself keeps is no service, and called as its category is.
  const opened = allowed.filter((unit) => !signedIn || !unit.dataset.consentService.includes("."));
  show("withdrawal", allowed.length || answers.includes(true));
  show("signed-in", signedIn);
  show("live", !signedIn);
  if (questions.some((question) => optedOut(question, cookie))) show("honoured", true);
  // Each once: what the site itself keeps is a unit that is called as its category is.
  const open = [...questions.filter((_, index) => answers[index] && !signedIn), ...opened];
  const detail = [...new Set(open.map((unit) => unit.dataset.consentService ?? unit.dataset.consentCategory))];
  document.documentElement.dataset.consent = detail.join(" ");
  document.dispatchEvent(new CustomEvent("consent", { detail }));
  return opened;
}

// A page's own policy was fixed as it loaded, and a script that has run cannot be unloaded: a new page obeys both. Where
// anything runs, what is loaded later is there already; where it cannot be loaded, the place is lost, and nothing else.
function follow() {
  const opened = refresh();
  if (units.some((unit) => opened.includes(unit) !== running.includes(unit))) {
    later()
      .then((module) => module.notePlace())
      .finally(() => location.reload());
  }
}

function choiceIn(form, submitter) {
  // “Reject all” means everything, whatever is asked; “Accept all” means all that is asked.
  const again = form.querySelector("[data-consent-again]")?.hidden === false && submitter.value !== "reject_all";
  if (again && submitter.value === "accept_all") {
    for (const question of questions) if (!question.hidden) question.querySelector("input").checked = true;
  }
  const body = new URLSearchParams(new FormData(form));
  body.append(submitter.name, submitter.value);
  if (gpc) body.set("gpc", "1");
  if (!again && submitter.name === "choice") return body;
  // One question more leaves the other answers as they are.
  const cookie = readCookie();
  const asked = submitter.value.split("=")[0];
  body.set("choice", "save");
  for (const question of questions) {
    const category = question.dataset.consentCategory;
    if (answerTo(question, cookie) && !body.getAll("categories").includes(category)) {
      body.append("categories", category);
    }
    cookie.delete(category); // what the site itself keeps goes by this, and is no service
  }
  for (const [key, unit] of new Map(units.map((unit) => [unit.dataset.consentService, unit]))) {
    if (cookie.has(key) && !`${key}.`.startsWith(`${asked}.`)) {
      body.append("services", `${key}=${isOpen(unit, cookie) ? "yes" : "no"}`);
    }
  }
  return body;
}

// A refusal holds from here on, whatever becomes of its record: see Note [A refusal without a record] in consent/choice/gate.py.
function keepRefused(body, time = "") {
  const refused = `${body.get("surface")}.${body.get("notice")}${time}`;
  document.cookie = `${consentCookie}=refused=${refused}; path=/; secure; samesite=lax; max-age=15724800`;
}

// Returns nothing where the page is left, or another choice has taken the place of this one.
async function send(form, body) {
  const refuses = readCookie().has("refused");
  sending?.abort();
  sending = new AbortController();
  const own = sending;
  // Loading this page anew would hold back a reader who follows a link before the answer is here.
  addEventListener("beforeunload", () => (sending = null));
  const slow = setTimeout(() => {
    show(refuses ? "unrecorded" : "slow", true);
    follow();
  }, 15e3);
  const response = await fetch(form.action, {
    method: "POST",
    headers: { Accept: "application/json" },
    body,
    keepalive: true, // a choice made just before leaving the page counts
    signal: own.signal
  }).catch(() => ({}));
  clearTimeout(slow);
  show("slow", false);
  if (sending !== own) return;
  // There the new notice is read.
  if (response.status === 409) return location.assign(`${form.querySelector("a").href}?changed`);
  // It is known not to be on its way any more.
  if (refuses && readCookie().has("refused")) keepRefused(body);
  show("unrecorded", readCookie().has("refused"));
  follow();
  return response;
}

// Where this fails before the default is prevented, the browser sends the form as a form.
async function choose(event) {
  const form = event.target;
  const status = form.querySelector("[data-consent-status]");
  const body = choiceIn(form, event.submitter);
  const refuses = { reject_all: true, save: !(body.has("categories") || /=yes/.test(body.getAll("services"))) }[
    body.get("choice")
  ];
  if (refuses) keepRefused(body, `.${Date.now()}`);
  kept?.close(body, refuses);
  // Where no cookie stays, there would be a record that the visitor knows nothing of. A trial shows it, and leaves nothing.
  let keeps = document.cookie.includes(consentCookie);
  if (!keeps) {
    document.cookie = `${consentCookie}=; path=/; secure`;
    keeps = document.cookie.includes(consentCookie);
    document.cookie = `${consentCookie}=; path=/; secure; max-age=0`;
  }
  show("unkept", !keeps);
  if (keeps && !status) return;
  event.preventDefault();
  if (!keeps || (form.ariaBusy && !refuses)) return;
  form.ariaBusy = "true";
  status.textContent = "";
  if (refuses) refresh();
  const response = await send(form, body);
  if (!response) return;
  form.ariaBusy = null;
  if (response.ok) return show("unkept", banner?.hidden === false);
  status.textContent = (await response.json?.().catch(() => ({})))?.reason ?? status.dataset.consentFailed;
}

async function boot() {
  running = refresh();
  if (running.length) all("template[data-consent-mode]").forEach(start);
  running.forEach(start);
  // Another tab, or this page before it was left, may have changed the answer.
  addEventListener("pageshow", follow);
  addEventListener("visibilitychange", () => document.hidden || follow());
  if (document.cookie || localStorage.length || sessionStorage.length) {
    kept = await later();
    kept.begin(units, running, readCookie(), forms[0], send, follow);
  }
}

for (const form of forms) {
  // Only the language of it counts here. The whole address may be longer than a form may say, and what was searched is theirs.
  if (form.querySelector("[data-consent-status]")) form.elements.next.value = location.pathname.slice(0, 999);
  form.addEventListener("submit", choose);
}
// A page that is fetched ahead has not been opened yet: nothing runs in it until it is.
if (document.prerendering) document.addEventListener("prerenderingchange", boot);
else boot().catch(() => {}); // a browser that lets nothing be kept, and answers no question about it
