// Acts on this visitor's own consent: asks when there is no valid answer, and starts the services that she opened.
// Reads the cookie by the rules of consent/gate.py. Whatever fails here leaves everything closed.

const COOKIE = "cookie_consent";
const DECLINED = "-1";
const banner = document.querySelector("[data-consent-banner]");
const withdrawal = document.querySelector("[data-consent-withdrawal]");
const services = [...document.querySelectorAll("template[data-consent-service]")];
const running = new Set();

function readCookie() {
  const found = document.cookie.split("; ").filter((cookie) => cookie.startsWith(`${COOKIE}=`));
  const value = (found.pop() ?? "").slice(COOKIE.length + 1).replace(/^"|"$/g, "");
  return new Map(value.split("|").map((pair) => pair.split("=")).filter((pair) => pair.length === 2));
}

// What the page says of the notice in the language that she read; only in English do attributes end in no `-de`.
function fact(element, name, cookie) {
  const language = cookie.get("notice")?.split(".")[2];
  return element?.getAttribute(`data-consent-${name}${language ? `-${language}` : ""}`);
}

// true, false, or undefined for a question that she has not answered as it stands now.
function answerTo(element, cookie) {
  const answer = cookie.get(element.dataset.consentCategory);
  if (answer && answer === fact(element, "version", cookie)) return true;
  const read = parseInt(cookie.get("notice"), 10);
  const asked = read >= fact(element, "since", cookie) && read <= fact(banner, "number", cookie);
  return answer === DECLINED && asked ? false : undefined;
}

function opened(cookie) {
  return services.filter((template) => answerTo(template, cookie));
}

function start(template) {
  running.add(template);
  template.before(document.importNode(template.content, true));
}

function refresh() {
  const cookie = readCookie();
  if (banner) {
    const questions = [...banner.querySelectorAll("[data-consent-version]")];
    const answers = questions.map((question) => answerTo(question, cookie));
    const asks = answers.includes(undefined);
    if (banner.hidden && asks) {
      // What she answered and still holds stands as it is, unasked. A banner that is open keeps what she ticks.
      questions.forEach((question, index) => {
        question.querySelector("input").checked = answers[index] === true;
        question.hidden = answers[index] !== undefined;
      });
      const again = answers.some((answer) => answer !== undefined);
      banner.querySelector("[data-consent-again]").hidden = !again;
      banner.querySelector("details").open = again;
    }
    banner.hidden = !asks;
    if (withdrawal) withdrawal.hidden = !answers.includes(true);
  }
  return opened(cookie);
}

// A page's own policy was fixed as it loaded, and a script that has run cannot be unloaded: a new page obeys both.
function follow() {
  const now = refresh();
  if (now.length !== running.size || now.some((template) => !running.has(template))) location.reload();
}

// The pressed button is gone, and with it the reader's place: she goes on where the page begins.
function leaveFocus() {
  const main = document.querySelector("main");
  main.tabIndex = -1;
  main.focus({ preventScroll: true });
}

// “All” is all that she is asked.
function choiceIn(form, choice) {
  const again = form.querySelector("[data-consent-version][hidden]");
  if (again && choice !== "save") {
    const asked = form.querySelectorAll("[data-consent-version]:not([hidden]) input");
    for (const input of asked) input.checked = choice === "accept_all";
  }
  const body = new URLSearchParams(new FormData(form));
  body.set("choice", again ? "save" : choice);
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
  const body = choiceIn(form, event.submitter.value);
  try {
    const response = await fetch(form.action, {
      method: "POST",
      headers: { Accept: "application/json" },
      body,
      keepalive: true, // a choice made just before leaving the page counts
      signal: AbortSignal.timeout(15000),
    });
    if (!response.ok) {
      reason = (await response.json()).reason ?? reason;
    } else {
      follow();
      if (banner.hidden) {
        leaveFocus();
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

refresh().forEach(start);
if (banner) {
  const form = banner.querySelector("form");
  for (const { elements } of [form, withdrawal].filter(Boolean)) elements.next.value = location.pathname + location.search;
  form.addEventListener("submit", choose);
}
// Another tab, or this page before it was left, may have changed the answer.
addEventListener("pageshow", (event) => event.persisted && follow());
document.addEventListener("visibilitychange", () => document.hidden || follow());
