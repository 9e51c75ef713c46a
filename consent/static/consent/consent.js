// Acts on this visitor's own consent: asks when there is no valid answer, starts what she opened, and erases what the
// rest has kept. Reads the cookie by the rules of consent/gate.py. Whatever fails here leaves everything closed.
// For scripts of the page: docs/reference/client.md.

const all = (selector) => [...document.querySelectorAll(selector)];
const [banner] = all("[data-consent-banner]");
const questions = all("div[data-consent-version]");
const units = all("template[data-consent-service]");
const gpc = navigator.globalPrivacyControl;
let running = [];

function readCookie() {
  const found = document.cookie.match(/(?:^|; )cookie_consent="?([^";]*)/);
  return new Map(found?.[1].split("|").map((pair) => pair.split("=")).filter((pair) => pair.length === 2));
}

// What the page says of the notice in the language that she read; only in English do attributes end in no `-de`.
function fact(element, name, cookie) {
  const language = cookie.get("notice")?.split(".")[2];
  return element?.getAttribute(`data-consent-${name}${language ? `-${language}` : ""}`);
}

const optedOut = (element, cookie) => gpc && "consentGpc" in element.dataset && cookie.get("gpc") !== "1";

// true, false, or undefined for a question that she has not answered as it stands now.
function answerTo(element, cookie) {
  if (optedOut(element, cookie)) return false;
  const answer = cookie.get(element.dataset.consentCategory);
  if (answer && answer === fact(element, "version", cookie)) return true;
  const read = parseInt(cookie.get("notice"));
  const asked = read >= fact(element, "since", cookie) && read <= fact(banner, "number", cookie);
  return answer === "-1" && asked ? false : undefined;
}

function isOpen(unit, cookie) {
  const own = cookie.get(unit.dataset.consentService);
  if (own === undefined) return answerTo(unit, cookie) === true;
  return own === fact(unit, "version", cookie) && !optedOut(unit, cookie);
}

function start(template) {
  const content = document.importNode(template.content, true);
  // In their order, as start code comes before the script that it is for.
  for (const script of content.querySelectorAll("script")) script.async = false;
  template.before(content);
  if (template.nextElementSibling?.matches("[data-consent-embed]")) template.nextElementSibling.hidden = true;
}

// What units declare: in what, under which name (`*` is any text), and for a cookie its domain and path.
const declared = (some) =>
  some.flatMap((unit) => JSON.parse(unit.dataset.consentErase ?? "[]")).map(([store, name, domain, path]) => {
    const pattern = RegExp(`^${name.replace(/[^\w*]/g, "\\$&").replaceAll("*", ".*")}$`);
    return { store, pattern, domain, path };
  });

// A cookie goes only by the domain and path that it was set with, and no script can read those: all are tried.
function eraseCookie(name, domain, path) {
  const paths = [path, ...[...location.pathname].map((_, end) => location.pathname.slice(0, end + 1))];
  const domains = ["", domain, ...location.hostname.split(".").map((_, first, labels) => labels.slice(first).join("."))];
  const secure = isSecureContext ? "; secure" : "";
  for (const where of domains) {
    for (const at of paths) document.cookie = `${name}=; max-age=0; path=${at}${where && `; domain=${where}`}${secure}`;
  }
}

function erase() {
  const kept = declared(running);
  for (const { store, pattern, domain, path } of declared(units.filter((unit) => !running.includes(unit)))) {
    // What is kept at an address of somebody else's is out of reach, and may be called as something of ours is.
    if (!`.${location.hostname}`.endsWith(domain)) continue;
    const isCookie = store === "cookie";
    for (const name of isCookie ? document.cookie.split(/=[^;]*(?:; |$)/) : Object.keys(window[store])) {
      if (!pattern.test(name) || kept.some((other) => other.store === store && other.pattern.test(name))) continue;
      if (isCookie) eraseCookie(name, domain, path);
      else window[store].removeItem(name);
    }
  }
}

function refresh() {
  const cookie = readCookie();
  const answers = questions.map((question) => answerTo(question, cookie));
  const asks = answers.includes(undefined);
  if (banner?.hidden && asks) {
    // What she answered and still holds stands as it is, unasked. A banner that is open keeps what she ticks.
    questions.forEach((question, index) => {
      question.querySelector("input").checked = answers[index] === true;
      question.hidden = answers[index] !== undefined;
    });
    const again = questions.some((question) => question.hidden && !optedOut(question, cookie));
    banner.querySelector("[data-consent-again]").hidden = !again;
    banner.querySelector("details").open = again;
  }
  if (banner) banner.hidden = !asks;
  const opened = units.filter((unit) => isOpen(unit, cookie));
  // Each once: what the site itself keeps is a unit that is called as its category is.
  const detail = [
    ...new Set([
      ...questions.filter((_, index) => answers[index]).map((question) => question.dataset.consentCategory),
      ...opened.map((unit) => unit.dataset.consentService),
    ]),
  ];
  for (const part of all("[data-consent-withdrawal]")) part.hidden = !detail.length;
  if (questions.some((question) => optedOut(question, cookie))) for (const part of all("[data-consent-honoured]")) part.hidden = false;
  document.documentElement.dataset.consent = detail.join(" ");
  document.dispatchEvent(new CustomEvent("consent", { detail }));
  return opened;
}

// A page's own policy was fixed as it loaded, and a script that has run cannot be unloaded: a new page obeys both.
function follow() {
  const opened = refresh();
  if (opened.length !== running.length || opened.some((unit) => !running.includes(unit))) location.reload();
}

function choiceIn(form, submitter) {
  const again = form.querySelector("[data-consent-again]")?.hidden === false;
  if (again && submitter.value !== "save") {
    // “All” is all that she is asked.
    const asked = form.querySelectorAll("[data-consent-version]:not([hidden]) input");
    for (const input of asked) input.checked = submitter.value === "accept_all";
  }
  const body = new URLSearchParams(new FormData(form, submitter));
  if (gpc) body.set("gpc", "1");
  if (!again && submitter.name === "choice") return body;
  // One question more leaves her other answers as they are.
  const cookie = readCookie();
  const asked = submitter.value.split("=")[0];
  body.set("choice", "save");
  for (const question of questions) {
    const category = question.dataset.consentCategory;
    if (answerTo(question, cookie) && !body.has("categories", category)) body.append("categories", category);
    cookie.delete(category); // what the site itself keeps goes by this, and is no service
  }
  for (const [key, unit] of new Map(units.map((each) => [each.dataset.consentService, each]))) {
    if (cookie.has(key) && !`${key}.`.startsWith(`${asked}.`)) {
      body.append("services", `${key}=${isOpen(unit, cookie) ? "yes" : "no"}`);
    }
  }
  return body;
}

async function choose(event) {
  event.preventDefault();
  const form = event.target;
  if (form.ariaBusy === "true") return;
  form.ariaBusy = "true";
  const status = form.querySelector("[data-consent-status]");
  let reason = status.dataset.consentFailed;
  status.textContent = "";
  const body = choiceIn(form, event.submitter);
  // Loading this page anew would hold back whoever follows a link before the answer is here.
  let isLeaving;
  addEventListener("beforeunload", () => (isLeaving = true), { once: true });
  try {
    const response = await fetch(form.action, {
      method: "POST",
      headers: { Accept: "application/json" },
      body,
      keepalive: true, // a choice made just before leaving the page counts
      signal: AbortSignal.timeout(15000),
    });
    if (isLeaving) return;
    if (!response.ok) {
      reason = (await response.json()).reason ?? reason;
    } else {
      follow();
      if (banner?.hidden) {
        // The pressed button is gone, and with it the reader's place: she goes on where the page begins.
        document.querySelector("main").focus({ preventScroll: true });
        return;
      }
    }
  } catch {
    // Offline, too slow, or no answer of ours: the reason given in the page says so.
  } finally {
    form.ariaBusy = null;
  }
  status.textContent = reason;
}

function boot() {
  running = refresh();
  if (running.length) all("template[data-consent-mode]").forEach(start);
  running.forEach(start);
  // Another tab, or this page before it was left, may have changed the answer.
  addEventListener("pageshow", (event) => event.persisted && follow());
  document.addEventListener("visibilitychange", () => document.hidden || follow());
  erase();
}

for (const form of all("[data-consent-banner] form, [data-consent-embed]")) {
  // Only the language of it counts here. The whole address may be longer than a form may say, and what was searched is hers.
  form.elements.next.value = location.pathname.slice(0, 999);
  form.addEventListener("submit", choose);
}
for (const part of all("[data-consent-live]")) part.hidden = false;
// A page that is fetched ahead has not been opened yet: nothing runs in it until it is.
if (document.prerendering) document.addEventListener("prerenderingchange", boot, { once: true });
else boot();
