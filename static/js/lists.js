// What lists do beyond links: a table too wide for its card scrolls within it, and a live list says how many rows came.
// Rows never move by themselves: the news stand in a line of their own, and come in by a click.
(() => {
  const EVERY = 15000;

  // --- tables: the server counts columns, here they are measured
  const measure = (card) => {
    const table = card.querySelector("table");
    if (!table) return;
    const isNarrow = getComputedStyle(table).display === "block";
    const isWide = !isNarrow && table.offsetWidth > Math.ceil(card.getBoundingClientRect().width);
    card.classList.toggle("is-wide", isWide);
    if (isWide) {
      card.tabIndex = 0;
      card.setAttribute("role", "region");
      card.setAttribute("aria-label", "Table, scrolls sideways");
    } else for (const name of ["tabindex", "role", "aria-label"]) card.removeAttribute(name);
  };
  const sizes = new ResizeObserver((entries) => entries.forEach((entry) => measure(entry.target)));
  const watch = (within) => within.querySelectorAll("[data-table]").forEach((card) => { measure(card); sizes.observe(card); });
  watch(document);
  document.addEventListener("htmx:afterSettle", (event) => { sizes.disconnect(); watch(document); showState(); if (event.detail.target?.id === "list") next = Date.now() + EVERY; });

  // --- live
  const isPaused = () => { try { return sessionStorage.getItem("live") === "paused"; } catch { return false; } };
  const showState = () => document.querySelectorAll("[data-live-toggle]").forEach((button) => {
    button.setAttribute("aria-pressed", String(!isPaused()));
    button.querySelector("span").textContent = isPaused() ? "Paused" : "Live";
    button.setAttribute("aria-label", isPaused() ? "Live, paused" : "Live");
  });
  showState();
  let next = Date.now() + EVERY;
  let isAsking = false;
  async function ask() {
    const place = document.querySelector("[data-live]");
    if (!place || isPaused() || isAsking || document.hidden || Date.now() < next) return;
    isAsking = true;
    next = Date.now() + EVERY;
    try {
      const answer = await fetch(place.dataset.live, { headers: { "HX-Request": "true", "HX-Current-URL": location.href } });
      const text = answer.ok ? (await answer.text()).trim() : "";
      // Said once, not every quarter of a minute: only what changed is written.
      if (answer.ok && place.isConnected && !isPaused() && place.dataset.said !== text) {
        place.dataset.said = text;
        place.innerHTML = text;
        htmx.process(place);
      }
    } catch { /* the next time */ } finally { isAsking = false; }
  }
  setInterval(ask, 1000);
  document.addEventListener("visibilitychange", ask);
  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("[data-live-toggle]")) return;
    try { sessionStorage.setItem("live", isPaused() ? "live" : "paused"); } catch { /* a private window */ }
    showState();
    next = isPaused() ? next : Date.now();
    ask();
  });
})();
