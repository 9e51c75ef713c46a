/** Shows in “On this page” which section is being read, and folds the list away once a reader has chosen from it. */
const nav = document.querySelector("[data-contents]");

if (nav) {
  const links = new Map(
    [...nav.querySelectorAll("a")].map((link) => [document.getElementById(link.hash.slice(1)), link])
  );
  links.delete(null);
  const places = [...links.keys()];

  function mark() {
    // The last heading that has passed a third of the screen, where eyes rest. The end may be too short to come so far.
    const isEnd = scrollY + innerHeight >= document.documentElement.scrollHeight - 2;
    const passed = isEnd ? places : places.filter((place) => place.getBoundingClientRect().top <= innerHeight / 3);
    const current = passed.at(-1) ?? places[0];
    for (const [place, link] of links) {
      if (place === current) link.ariaCurrent = "location";
      else link.ariaCurrent = null;
    }
  }

  const observer = new IntersectionObserver(mark, { rootMargin: "0px 0px -66% 0px" });
  for (const place of places) observer.observe(place);
  addEventListener("scrollend", mark);

  nav.addEventListener("click", (event) => {
    if (event.target.closest("a")) nav.querySelector("details").open = false;
  });
}
