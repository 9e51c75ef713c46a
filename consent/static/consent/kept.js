// What is done about what a browser keeps from before: declared things that are closed are erased, other tabs follow,
// and a refusal that was not recorded is sent again. And the reader's place is kept through a reload. Loaded by consent.js
// once there is any cookie or stored key, or the page has to be loaded anew.

// The page's services, those of them that run in it, and the name of the consent cookie.
let units, running, own;

// What units declare: in what, under which name (`*` is any text), and for a cookie its domain and path.
const declared = (some) =>
  some
    .flatMap((unit) => JSON.parse(unit.dataset.consentErase ?? "[]"))
    .map(([store, name, domain, path]) => {
      return { store, name, domain, path };
    });

// As consent/services/wildcards.py has it: a regular expression with many stars would take minutes.
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

const cookieNames = () => document.cookie.split("; ").map((pair) => pair.split("=")[0]);

// A cookie goes only by the domain and path that it was set with, and no script can read those: all are tried, and both
// with and without `Partitioned`.
function eraseCookie(name, domain, path, stays = () => false) {
  const paths = [path, ...[...location.pathname].map((_, end) => location.pathname.slice(0, end + 1))];
  const domains = [
    "",
    domain,
    ...location.hostname.split(".").map((_, first, labels) => labels.slice(first).join("."))
  ];
  for (const where of domains) {
    for (const at of paths) {
      if (stays(where, at)) continue;
      for (const rest of isSecureContext ? ["; secure", "; secure; partitioned"] : [""]) {
        document.cookie = `${name}=; max-age=0; path=${at}${where && `; domain=${where}`}${rest}`;
      }
    }
  }
}

function erase(open) {
  const kept = declared(open);
  const closed = declared(units.filter((unit) => !open.includes(unit)))
    // What is kept at an address of somebody else's is out of reach, and may be called as something of ours is.
    .filter(({ domain }) => `.${location.hostname}`.endsWith(domain));
  const holds = (some, store, name) => some.some((entry) => entry.store === store && fits(entry.name, name));
  const goes = (store) => (name) => holds(closed, store, name) && !holds(kept, store, name);

  for (const name of cookieNames().filter(goes("cookie"))) {
    for (const entry of closed)
      if (entry.store === "cookie" && fits(entry.name, name)) eraseCookie(name, entry.domain, entry.path);
  }
  for (const store of ["localStorage", "sessionStorage"]) {
    for (const name of Object.keys(window[store]).filter(goes(store))) window[store].removeItem(name);
  }
  eraseDatabases(goes).catch(() => {}); // a browser that gives none
}

// Another cookie of this name, of a part of this site or of a parent domain, would leave ours no answer. Ours is that of the
// whole host. The others go, so that what the visitor answered holds.
function eraseOthers(follow) {
  const areSeveral = () => cookieNames().filter((name) => name === own).length > 1;
  if (!areSeveral()) return;
  // A host that is an address, or has one label, takes its own name as its domain for none.
  const hasDomain = /\.[a-z]/i.test(location.hostname);
  eraseCookie(own, "", "/", (domain, path) => path === "/" && !(domain && hasDomain));
  if (!areSeveral()) follow();
}

// Databases and caches stay until they are erased, as local storage does, and are declared as that. Then it is looked
// for what is still there: a cookie that a script cannot reach, or a database that another page is using.
async function eraseDatabases(goes) {
  const databases = async () =>
    ((await indexedDB.databases?.()) ?? []).map(({ name }) => name).filter(goes("localStorage"));
  const stores = async () => ((await window.caches?.keys()) ?? []).filter(goes("localStorage"));
  async function look() {
    const stayed = [...cookieNames().filter(goes("cookie")), ...(await stores()), ...(await databases())];
    for (const part of document.querySelectorAll("[data-consent-stayed]")) {
      part.hidden = !stayed.length;
      part.querySelector("code").textContent = stayed.join(", ");
    }
  }
  for (const name of await stores()) await caches.delete(name);
  const erased = (await databases()).map((name) => {
    const request = indexedDB.deleteDatabase(name);
    return new Promise((done) => (request.onsuccess = request.onerror = done));
  });
  // A database that another page uses goes when that page does. Nobody waits for it, but it is looked for again then.
  await Promise.race([Promise.all(erased), new Promise((done) => setTimeout(done, 1000))]);
  await look();
  Promise.all(erased).then(look);
}

// A script that has run goes on for as long as its page is there, and may act once more as that is left: from here on,
// it reaches no address but this site's.
function tighten() {
  const meta = document.createElement("meta");
  meta.httpEquiv = "Content-Security-Policy";
  meta.content = "default-src 'self'";
  document.head.append(meta);
}

// What a choice closes, at the press.
export function close(body, refuses) {
  if (refuses) erase([]);
  if (running.length && (refuses || takesBack(body))) tighten();
}

// Whether a choice takes back anything that runs in this page.
function takesBack(body) {
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
      if ([...set, ...deleted].some((cookie) => cookie.name === name)) changed();
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

const PLACE = "consent_place";
// What a reader may have in focus, and what a page has at the same place when it is loaded anew.
const PLACES = "a, button, input, select, summary, textarea, main";

// Notes where the reader is before the page is loaded anew: browsers forget that, and the state of the history too, where
// a page's embedder policy changes. It is kept from the one page to the other alone.
export function notePlace() {
  const focus = [...document.querySelectorAll(PLACES)].indexOf(document.activeElement);
  sessionStorage.setItem(PLACE, JSON.stringify({ path: location.pathname, focus, top: scrollY }));
}

// Leads the reader back to where they were, and tells those who do not see it that their choice is saved.
function comeBack() {
  const place = JSON.parse(sessionStorage.getItem(PLACE));
  sessionStorage.removeItem(PLACE);
  if (place?.path !== location.pathname) return;
  const told = document.body.appendChild(document.createElement("p"));
  told.className = "visually-hidden";
  told.role = "status";
  const focus = document.querySelectorAll(PLACES)[place.focus];
  // The placeholder of an embed has gone: its frame is there instead.
  const embed = focus?.closest("[data-consent-embed][hidden]");
  (embed ? embed.parentElement.querySelector("iframe") : focus)?.focus({ preventScroll: true });
  scrollTo({ top: place.top, behavior: "instant" });
  // Screen readers hear of what a region says once it is there.
  requestAnimationFrame(
    () => (told.textContent = document.querySelector("[data-consent-saved]")?.dataset.consentSaved ?? "")
  );
}

export function begin(all, some, cookie, form, send, follow) {
  [units, running] = [all, some];
  comeBack();
  // What closed what runs here may have been another tab. The page loads anew then.
  document.addEventListener("consent", ({ detail }) => {
    if (running.some(({ dataset }) => !detail.includes(dataset.consentService))) tighten();
  });
  own = document.querySelector("[data-consent-cookie]").dataset.consentCookie;
  document.addEventListener("consent", () => eraseOthers(follow));
  eraseOthers(follow);
  erase(running);
  sendAgain(cookie.get("refused"), form, send);
  carryOver(own, form, follow);
  watch(own, follow);
}
