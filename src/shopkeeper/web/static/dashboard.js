// Pages say everything without this file; it shows figures at the pointer, and how long work goes on.
"use strict";

for (const figure of document.querySelectorAll(".drawing")) {
  const hint = document.createElement("div");
  hint.className = "hint";
  hint.hidden = true;
  hint.setAttribute("aria-hidden", "true");
  figure.append(hint);
  for (const place of figure.querySelectorAll(".hit")) {
    const title = place.querySelector("title");
    place.dataset.told = title.textContent;
    title.remove(); // Else the browser shows it a second time.
  }
  figure.addEventListener("pointermove", (event) => {
    const told = event.target.dataset && event.target.dataset.told;
    hint.hidden = !told;
    if (!told) return;
    hint.textContent = told;
    const box = figure.getBoundingClientRect();
    const x = event.clientX - box.left + 14;
    const y = event.clientY - box.top + 14;
    const left = Math.min(x, box.width - hint.offsetWidth - 4);
    hint.style.setProperty("left", `${Math.max(0, left)}px`);
    hint.style.setProperty("top", `${y}px`);
  });
  figure.addEventListener("pointerleave", () => (hint.hidden = true));
}

async function follow(work) {
  const answer = await fetch(work.dataset.source, { headers: { Accept: "text/html" } });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const now = page.getElementById(work.id);
  work.replaceWith(now);
  if (now.dataset.running === "yes") setTimeout(() => follow(now).catch(() => {}), 1000);
  else location.reload(); // There is something new to see.
}

for (const work of document.querySelectorAll("[data-running=yes]")) setTimeout(() => follow(work).catch(() => {}), 1000);

// Sliders show their value, and what stands below them follows.
for (const form of document.querySelectorAll("form[data-live]")) {
  let asked = 0;
  async function show() {
    const mine = ++asked;
    const query = new URLSearchParams(new FormData(form));
    const answer = await fetch(`${form.action}?${query}`, { headers: { Accept: "text/html" } });
    if (!answer.ok || mine !== asked) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    document.getElementById(form.dataset.live).replaceWith(page.getElementById(form.dataset.live));
    history.replaceState(null, "", `?${query}`);
  }
  let wait;
  form.addEventListener("input", (event) => {
    const told = form.querySelector(`output[for="${event.target.id}"]`);
    if (told) told.textContent = told.dataset.before + Math.round(event.target.value) + told.dataset.after;
    clearTimeout(wait);
    wait = setTimeout(() => show().catch(() => {}), 150);
  });
  for (const button of form.querySelectorAll("button")) button.hidden = true;
}
