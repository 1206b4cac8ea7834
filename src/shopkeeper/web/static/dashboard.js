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
