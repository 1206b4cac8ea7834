// Every form works without this file; it only spares reloads. No text is made here: the server sends it.
"use strict";

const toast = document.getElementById("toast");
const count = document.getElementById("cart-count");
let hiding = 0;

function say(text) {
  toast.textContent = text;
  toast.classList.add("shown");
  clearTimeout(hiding);
  hiding = setTimeout(() => toast.classList.remove("shown"), 3500);
}

function showCount(number) {
  const link = count.closest("a");
  count.textContent = number;
  count.hidden = number === 0;
  link.setAttribute("aria-label", link.dataset.label.replace("#", number));
  count.classList.remove("bump");
  void count.offsetWidth;
  count.classList.add("bump");
}

async function add(form, button) {
  const fields = new URLSearchParams(new FormData(form, button));
  const answer = await fetch(form.action, {
    method: "POST",
    headers: { Accept: "application/json" },
    body: fields,
  });
  if (!answer.ok) throw new Error(String(answer.status));
  const told = await answer.json();
  // Sent again from here it is a second piece, and no longer the same click.
  for (const field of document.querySelectorAll('[name="nonce"]')) field.value = told.nonce;
  showCount(told.cart_count);
  say(told.message);
  button.classList.add("done");
  setTimeout(() => button.classList.remove("done"), 1200);
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  const button = event.submitter;
  if (!button || !(form.id === "add" || form.hasAttribute("data-add")) || button.hasAttribute("data-through")) return;
  event.preventDefault();
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  add(form, button)
    .catch(() => {
      // Whatever went wrong, the plain way shows it.
      button.setAttribute("data-through", "");
      form.requestSubmit(button);
    })
    .finally(() => button.removeAttribute("aria-busy"));
});

for (const row of document.querySelectorAll(".row")) {
  const cards = row.querySelector(".cards");
  const arrows = row.querySelector(".arrows");
  if (!arrows) continue;
  const [back, on] = arrows.querySelectorAll("button");
  const refresh = () => {
    arrows.hidden = cards.scrollWidth <= cards.clientWidth + 8;
    back.disabled = cards.scrollLeft <= 4;
    on.disabled = cards.scrollLeft + cards.clientWidth >= cards.scrollWidth - 4;
  };
  arrows.addEventListener("click", (event) => {
    const step = event.target.dataset.step;
    if (step) cards.scrollBy({ left: step * cards.clientWidth * 0.8, behavior: "smooth" });
  });
  cards.addEventListener("scroll", refresh, { passive: true });
  addEventListener("resize", refresh);
  refresh();
}

const drawer = document.getElementById("drawer");
let corrected = false;

async function fill(answer) {
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const about = page.getElementById("about");
  if (!answer.ok || !about) throw new Error(String(answer.status));
  about.classList.remove("wrap");
  drawer.lastElementChild.replaceChildren(about);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-drawer]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || document.getElementById("about")) return;
  event.preventDefault();
  fetch(link.href)
    .then(fill)
    .then(() => drawer.showModal())
    .catch(() => (location.href = link.href));
});

drawer.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.hasAttribute("data-leave")) return;
  event.preventDefault();
  const body = new URLSearchParams(new FormData(form, event.submitter));
  corrected = true;
  fetch(form.action, { method: "POST", body })
    .then(fill)
    .catch(() => location.reload());
});

drawer.addEventListener("click", (event) => {
  if (event.target === drawer || event.target.closest(".close")) drawer.close();
});
// The shelves behind it were arranged by what is not known any more.
drawer.addEventListener("close", () => corrected && location.reload());

const box = document.getElementById("q");
const instant = document.getElementById("instant");
let typing = 0;

function close() {
  instant.hidden = true;
  instant.replaceChildren();
}

async function find(typed) {
  const answer = await fetch(`/search/instant?q=${encodeURIComponent(typed)}`);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const found = page.getElementById("instant-results");
  if (!answer.ok || !found || box.value.trim() !== typed) return; // Typed on meanwhile.
  instant.replaceChildren(found);
  instant.hidden = !found.querySelector("a");
}

box.addEventListener("input", () => {
  clearTimeout(typing);
  const typed = box.value.trim();
  if (typed.length < 2) close();
  else typing = setTimeout(() => find(typed).catch(close), 180);
});
box.form.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    close();
    box.focus();
  }
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  const stops = [box, ...instant.querySelectorAll("a")];
  const next = stops.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
  if (instant.hidden || next < 0 || next >= stops.length) return;
  event.preventDefault();
  stops[next].focus();
});
document.addEventListener("focusin", (event) => box.form.contains(event.target) || close());
document.addEventListener("click", (event) => box.form.contains(event.target) || close());

const who = document.getElementById("who");
if (who) {
  document.addEventListener("click", (event) => {
    if (who.open && !who.contains(event.target)) who.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && who.open) {
      who.open = false;
      who.querySelector("summary").focus();
    }
  });
}
