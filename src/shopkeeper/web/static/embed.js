// Shopkeeper in somebody else's page: events with consent, kept until they have arrived, and rows of a homepage.
//   shopkeeper("consent", true)              nothing is kept or sent before
//   shopkeeper("view_item", {item_id: "7"})  any GA4 event of a shop; items: [...] becomes one event an item
//   shopkeeper("rows")                       fills <div data-shopkeeper-rows="for_you trending"> again
(() => {
  "use strict";
  const here = document.currentScript;
  const engine = new URL(here.src).origin;
  const KEPT = 50;
  const WAITING = 500;
  const chinese = (document.documentElement.lang || navigator.language).startsWith("zh");
  let customer;
  let timer = 0;
  let sending = false;

  const key = (name) => `shopkeeper.${name}`;
  const read = (name, otherwise) => {
    try {
      return JSON.parse(localStorage.getItem(key(name))) ?? otherwise;
    } catch {
      return otherwise;
    }
  };
  const write = (name, value) => {
    try {
      localStorage.setItem(key(name), JSON.stringify(value));
    } catch {} // A full or forbidden store must not break the page it is in.
  };
  const random = () =>
    btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16)))).replace(/[+/=]/g, "_");
  // A plain text needs no leave to be asked for first, and beacons can carry it.
  const body = (value) => new Blob([JSON.stringify(value)], { type: "text/plain" });

  function consent(given) {
    write("consent", Boolean(given));
    if (given) return flush();
    for (const name of ["session", "queue", "history", "led"]) localStorage.removeItem(key(name));
  }

  function session() {
    const known = read("session");
    if (known) return known;
    const made = random();
    write("session", made);
    return made;
  }

  function note(type, told = {}) {
    if (read("consent") !== true) return;
    const { items, ...common } = told;
    const led = read("led", {});
    const queue = read("queue", []);
    const history = read("history", []);
    for (const item of items || [{}]) {
      const event = { ...common, ...item };
      if (event.item_id !== undefined) event.item_id = String(event.item_id);
      const [answer, row] = led[event.item_id] || [];
      if (answer) Object.assign(event, { request_id: answer, item_list_id: row });
      queue.push({
        ...event,
        event_type: type,
        event_id: random(),
        timestamp: new Date().toISOString(),
        session_id: session(),
        customer_id: customer,
        consent: true,
      });
      if (event.item_id) history.push({ item_id: event.item_id, event_type: type, timestamp: Date.now() });
    }
    write("queue", queue.slice(-WAITING));
    write("history", history.slice(-KEPT));
    clearTimeout(timer);
    timer = setTimeout(flush, 800);
  }

  async function flush() {
    const events = read("queue", []).slice(0, KEPT);
    if (!events.length || sending || read("consent") !== true) return;
    sending = true;
    try {
      const answer = await fetch(`${engine}/v1/events`, { method: "POST", body: body({ events }), keepalive: true });
      if (answer.status >= 500 || answer.status === 403) return; // Another time.
      const gone = new Set(events.map((event) => event.event_id));
      write("queue", read("queue", []).filter((event) => !gone.has(event.event_id)));
    } catch {
      return; // Offline: what waits is kept, and an event that arrives twice counts once.
    } finally {
      sending = false;
    }
    return flush();
  }

  // Who leaves cannot wait for an answer, so what is sent here stays in the queue until the next visit.
  function leave() {
    const events = read("queue", []).slice(0, KEPT);
    if (events.length && read("consent") === true) navigator.sendBeacon(`${engine}/v1/events`, body({ events }));
  }

  function make(name, kind, text) {
    const element = document.createElement(name);
    element.className = `shopkeeper-${kind}`;
    if (text !== undefined) element.textContent = text;
    return element;
  }

  function card(item, row, page, link) {
    const entry = make("li", "card");
    const anchor = make("a", "link");
    anchor.href = link ? link.replace("{item_id}", encodeURIComponent(item.item_id)) : safe(item.url, "#");
    const picture = make("img", "picture");
    picture.alt = "";
    picture.loading = "lazy";
    picture.src = safe(item.image_url, `${engine}/artwork/${encodeURIComponent(item.item_id)}.svg`);
    anchor.append(picture, make("span", "title", chinese ? item.title_zh : item.title));
    if (item.price !== null) {
      const money = new Intl.NumberFormat(document.documentElement.lang || undefined, {
        style: "currency",
        currency: item.currency,
      });
      anchor.append(make("span", "price", money.format(item.price)));
    }
    const why = chinese ? item.reason.zh : item.reason.en;
    if (why) anchor.append(make("span", "reason", why));
    anchor.addEventListener("click", () => {
      if (read("consent") !== true) return;
      const led = Object.entries({ ...read("led", {}), [item.item_id]: [page.request_id, row.name] });
      write("led", Object.fromEntries(led.slice(-KEPT)));
      note("select_item", { item_id: item.item_id });
    });
    entry.append(anchor);
    return entry;
  }

  const safe = (url, otherwise) => (/^https?:\/\//.test(url || "") ? url : otherwise);

  async function rows() {
    const places = [...document.querySelectorAll("[data-shopkeeper-rows]")];
    if (!places.length) return;
    const history = read("consent") === true ? read("history", []) : [];
    const answer = await fetch(`${engine}/v1/homepage`, { method: "POST", body: body({ history, k: 8 }) });
    if (!answer.ok) return;
    const page = await answer.json();
    for (const place of places) {
      const wanted = place.dataset.shopkeeperRows.split(/\s+/).filter(Boolean);
      const chosen = page.rows.filter((row) => !wanted.length || wanted.includes(row.name));
      place.replaceChildren(
        ...chosen.map((row) => {
          const shelf = make("section", "row");
          const list = make("ul", "cards");
          list.append(...row.cards.map((item) => card(item, row, page, place.dataset.shopkeeperLink)));
          shelf.append(make("h2", "heading", chinese ? row.title_zh : row.title_en), list);
          return shelf;
        }),
      );
    }
    document.dispatchEvent(new CustomEvent("shopkeeper:rows", { detail: page }));
  }

  const commands = { consent, rows: () => rows().catch(() => {}), customer: (id) => (customer = id) };
  const told = (window.shopkeeper && window.shopkeeper.q) || [];
  window.shopkeeper = (name, ...rest) => (commands[name] || ((...more) => note(name, ...more)))(...rest);
  for (const call of told) window.shopkeeper(...call);
  addEventListener("online", flush);
  addEventListener("pagehide", leave);
  document.addEventListener("visibilitychange", () => document.hidden && leave());
  flush();
  commands.rows();
})();
