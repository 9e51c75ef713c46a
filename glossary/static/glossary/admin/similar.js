/** Names terms that are like the title that is being typed. It may well be meant: nothing is refused. */

const PAUSE = 500

const page = document.querySelector("[data-term-form]")
const title = page.closest("form").elements.title
const list = document.createElement("ul")
const box = document.createElement("div")
box.className = "similar"
box.setAttribute("role", "status")
title.closest(".form-row").querySelector(".help").append(box)

let timer = 0
let asked = null
let before = title.value

const show = (found) => {
  box.replaceChildren(...(found.length ? [list] : []))
  list.replaceChildren(
    ...found.map(({ words, url }) => {
      const item = document.createElement("li")
      const link = document.createElement("a")
      link.href = url
      link.target = "_blank"
      link.rel = "noopener"
      link.textContent = "open it in a new tab"
      item.append(`${words}: `, link)
      return item
    }),
  )
}

const ask = async () => {
  asked?.abort()
  asked = new AbortController()
  const query = new URLSearchParams({ title: title.value, term: page.dataset.term === "new" ? "" : page.dataset.term })
  try {
    const answer = await fetch(`${page.dataset.similar}?${query}`, { redirect: "manual", signal: asked.signal })
    if (answer.ok) show((await answer.json()).similar)
  } catch (error) {
    if (!["AbortError", "TypeError"].includes(error.name)) throw error // overtaken by newer typing, or not reachable
  }
}

title.addEventListener("input", () => {
  if (title.value === before) return
  before = title.value
  clearTimeout(timer)
  timer = setTimeout(ask, PAUSE)
})
