// What is done about what a browser keeps from before: declared things that are closed are erased, other tabs follow,
// and a refusal that was not recorded is sent again. Loaded by consent.js once there is any cookie or stored key.

// What units declare: in what, under which name (`*` is any text), and for a cookie its domain and path.
const declared = (some) =>
  some.flatMap((unit) => JSON.parse(unit.dataset.consentErase ?? "[]")).map(([store, name, domain, path]) => {
    return { store, name, domain, path };
  });

// As consent/wildcards.py has it: a regular expression with many stars would take minutes.
function fits(pattern, text) {
  const [first, ...middle] = pattern.split("*");
  if (!middle.length) return text === pattern;
  const last = middle.pop();
  const end = text.length - last.length;
  let at = first.length;
  if (at > end || !text.startsWith(first) || !text.endsWith(last)) return false;
  for (const part of middle) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= end;
}

// A cookie goes only by the domain and path that it was set with, and no script can read those: all are tried.
function eraseCookie(name, domain, path) {
  const paths = [path, ...[...location.pathname].map((_, end) => location.pathname.slice(0, end + 1))];
  const domains = ["", domain, ...location.hostname.split(".").map((_, first, labels) => labels.slice(first).join("."))];
  const secure = isSecureContext ? "; secure" : "";
  for (const where of domains) {
    for (const at of paths) document.cookie = `${name}=; max-age=0; path=${at}${where && `; domain=${where}`}${secure}`;
  }
}

export function erase(units, open) {
  const kept = declared(open);
  for (const { store, name: pattern, domain, path } of declared(units.filter((unit) => !open.includes(unit)))) {
    // What is kept at an address of somebody else's is out of reach, and may be called as something of ours is.
    if (!`.${location.hostname}`.endsWith(domain)) continue;
    const isCookie = store === "cookie";
    for (const name of isCookie ? document.cookie.split("; ").map((pair) => pair.split("=")[0]) : Object.keys(window[store])) {
      if (!fits(pattern, name) || kept.some((other) => other.store === store && fits(other.name, name))) continue;
      if (isCookie) eraseCookie(name, domain, path);
      else window[store].removeItem(name);
    }
  }
}

// Whether a choice takes back anything that runs in this page.
export function takesBack(body, running) {
  const [categories, services] = [body.getAll("categories"), body.getAll("services")];
  const isClosed = ({ dataset: { consentService: key, consentCategory } }) =>
    services.includes(`${key}=no`) || !(services.includes(`${key}=yes`) || categories.includes(consentCategory));
  return body.get("choice") === "save" && running.some(isClosed);
}

// Browsers tell of a cookie that another tab has changed, or else the tabs tell one another. Nothing is stored for that.
function watch(name, follow) {
  // What is chosen here is followed where it was chosen; and a page that is being left is not loaded anew.
  let waiting = 0;
  function wait() {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      waiting = 0;
      follow();
    }, 9999);
  }
  addEventListener("submit", wait);
  addEventListener("beforeunload", wait);
  const changed = () => waiting || follow();
  if (window.cookieStore) {
    return cookieStore.addEventListener("change", ({ changed: set, deleted }) => {
      if ([...set, ...deleted].some((cookie) => [name, "signed_in"].includes(cookie.name))) changed();
    });
  }
  const channel = new BroadcastChannel(name);
  channel.onmessage = changed;
  let known;
  function tell() {
    if (known === document.cookie) return;
    known = document.cookie;
    channel.postMessage("");
  }
  document.addEventListener("consent", tell);
  tell();
}

function sendAgain(refused, form, send) {
  const [surface, notice, time = 0] = refused?.split(".") ?? [];
  // What was sent less than a minute ago may be on its way.
  if (!surface || !form || Date.now() - time < 60000) return;
  const body = new URLSearchParams({ choice: "reject_all", surface, notice: notice || form.elements.notice.value });
  if (navigator.globalPrivacyControl) body.set("gpc", "1");
  send(form, body);
}

// The cookie had another name once: the server replaces one that the visitor's record bears out, and deletes any other.
async function carryOver(name, form, follow) {
  const pairs = document.cookie.split("; ");
  if (!form || pairs.some((pair) => pair.startsWith(`${name}=`))) return;
  if (!pairs.some((pair) => pair.startsWith("cookie_consent=") && pair.includes("|notice="))) return;
  await fetch(`${form.action}carry-over/`, { method: "POST" }).catch(() => {});
  follow();
}

export function begin(cookie, refused, form, send, follow) {
  sendAgain(refused, form, send);
  carryOver(cookie, form, follow);
  watch(cookie, follow);
}
