// Google's Consent Mode v2: all seven signals denied before any script of Google's, then what this visitor allowed.
// Loaded with services that speak it, once one is opened. The client module has written the answers into the page.
// https://developers.google.com/tag-platform/security/guides/consent (categories and signals)
(() => {
  const allowed = document.documentElement.dataset.consent.split(" ");
  // An accepted category, or a service of Google's in it that was opened by itself.
  const opened = [...document.querySelectorAll("template[data-consent-signals]")]
    .filter((template) => allowed.includes(template.dataset.consentService))
    .map((template) => template.dataset.consentCategory);
  const says = (category) => ([...allowed, ...opened].includes(category) ? "granted" : "denied");
  const signals = (advertising, statistics, functions) => ({
    ad_storage: advertising,
    ad_user_data: advertising,
    ad_personalization: advertising,
    analytics_storage: statistics,
    functionality_storage: functions,
    personalization_storage: functions,
    security_storage: functions
  });
  window.dataLayer ||= [];
  // Google reads the arguments object itself, and no array.
  function gtag() {
    // biome-ignore lint/complexity/noArguments: an array would not be read.
    window.dataLayer.push(arguments);
  }
  window.gtag ||= gtag;
  gtag("consent", "default", signals("denied", "denied", "denied"));
  gtag("consent", "update", {
    ...signals(says("marketing"), says("analytics"), says("personalization")),
    security_storage: "granted"
  });
})();
