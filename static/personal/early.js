// Runs before anything is painted, so that nobody's page flashes: says that scripts run here, and puts on the colours and
// the text size that this reader chose. What may not be kept is not looked for. Everything else is done
// later, by modules.
{
  const page = document.documentElement.dataset;
  page.scripted = "";
  const cookie = RegExp(`(?:^|; *)${document.currentScript.dataset.consentCookie}="?([^";]*)`, "g");
  const [found, another] = document.cookie.matchAll(cookie); // two of them are none
  if (!another && /\bpersonalization=(?!-1)/.test(found?.[1])) {
    try {
      const chosen = localStorage.getItem("glossary.display") ?? "";
      for (const [, name, value] of chosen.matchAll(/(theme|text)=([a-z]+)/g)) page[name] = value;
      page.shelved = ["saved", "recent"].filter((list) => localStorage.getItem(`glossary.${list}`)).join(" ");
    } catch {
      // A browser that keeps nothing for anybody.
    }
  }
}
