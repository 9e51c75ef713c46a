// Runs before every script of an audited page. Reports which script sets cookies and keys, and what the policy refused.
(() => {
  const report = window.auditSaw;
  if (typeof report !== "function") return;

  // Returns the address of the calling script; this script has none.
  function caller() {
    for (const line of (new Error().stack ?? "").split("\n")) {
      const found = /(https?:\/\/[^\s()]+?)(?::\d+){1,2}\)?$/.exec(line);
      if (found) return found[1];
    }
    return "";
  }

  function tell(kind, text, by = caller()) {
    report(JSON.stringify({ kind, text: String(text), by, at: location.href }));
  }

  const cookie = Object.getOwnPropertyDescriptor(Document.prototype, "cookie");
  Object.defineProperty(Document.prototype, "cookie", {
    ...cookie,
    set(value) {
      tell("cookie", value);
      cookie.set.call(this, value);
    }
  });

  if (window.CookieStore) {
    const { set } = CookieStore.prototype;
    CookieStore.prototype.set = function (first, ...rest) {
      const { name, value, expires, domain } = typeof first === "object" ? first : { name: first, value: rest[0] };
      const until = expires ? `; expires=${new Date(expires).toUTCString()}` : "";
      tell("cookie", `${name}=${value}${until}${domain ? `; domain=${domain}` : ""}`);
      return set.call(this, first, ...rest);
    };
  }

  const { setItem } = Storage.prototype;
  Storage.prototype.setItem = function (key, value) {
    tell("key", key);
    setItem.call(this, key, value);
  };

  addEventListener("securitypolicyviolation", (event) => {
    tell("violation", JSON.stringify([event.blockedURI, event.effectiveDirective]), event.sourceFile);
  });
})();
