// What the histogram and the facets do beyond links: a dragged range narrows the question, arrow keys walk the bars.
(() => {
  const KEPT = "facets-open";
  const kept = () => { try { return localStorage.getItem(KEPT); } catch { return null; } };
  const keep = (open) => { try { localStorage.setItem(KEPT, open ? "1" : "0"); } catch { /* private windows keep nothing */ } };

  // It arrives after the list: the place has the height of the last time from the beginning, so that no row moves.
  const place = document.querySelector("#explorer");
  const TALL = `explorer-height:${location.pathname}:${Math.round(innerWidth / 100)}`;
  if (place && kept() === "1") {
    try { place.style.minHeight = `${sessionStorage.getItem(TALL) ?? 0}px`; } catch { /* private windows keep nothing */ }
  }
  function remember() {
    const tall = [...place.children].reduce((sum, part) => sum + part.offsetHeight, 0);
    try { sessionStorage.setItem(TALL, String(tall)); } catch { /* the same */ }
  }

  function prepare(root) {
    root.querySelectorAll("[data-facets]").forEach((facets) => {
      if (facets.closest(".is-page")) return;
      // Open as it was left; folded at first, so that the list itself is in sight.
      facets.open = kept() === "1";
      facets.querySelector("summary").addEventListener("click", () => keep(!facets.open));
      facets.addEventListener("toggle", () => { place.style.minHeight = ""; remember(); });
    });
    root.querySelectorAll("[data-submit-on-change]").forEach((form) => {
      form.addEventListener("change", () => form.requestSubmit());
    });
    root.querySelectorAll("[data-histogram]").forEach(brush);
  }

  function brush(svg) {
    const bars = [...svg.querySelectorAll("a.bar")];
    if (!bars.length) return;
    svg.classList.add("is-ready");
    const spot = (event) => {
      const box = svg.getBoundingClientRect();
      return Math.max(0, Math.min(bars.length - 1, Math.floor((event.clientX - box.left) / box.width * bars.length)));
    };
    let start = null, from = 0, shade = null, dragged = false;
    svg.addEventListener("dragstart", (event) => event.preventDefault());
    svg.addEventListener("pointerdown", (event) => {
      if (event.button || event.pointerType === "touch" || event.ctrlKey || event.metaKey || event.shiftKey) return;
      start = spot(event); from = event.clientX; dragged = false;
    });
    window.addEventListener("pointermove", (event) => {
      if (start === null || !svg.isConnected) return;
      if (!shade && Math.abs(event.clientX - from) < 6) return;
      dragged = true;
      if (!shade) {
        shade = document.createElementNS("http://www.w3.org/2000/svg", "rect");
        shade.setAttribute("class", "brush");
        shade.setAttribute("y", "0");
        shade.setAttribute("height", "100%");
        svg.append(shade);
      }
      const [low, high] = [start, spot(event)].sort((a, b) => a - b);
      shade.setAttribute("x", `${low / bars.length * 100}%`);
      shade.setAttribute("width", `${(high - low + 1) / bars.length * 100}%`);
    });
    window.addEventListener("pointerup", (event) => {
      if (start === null || !svg.isConnected) return;
      const [low, high] = [start, spot(event)].sort((a, b) => a - b);
      start = null;
      if (!dragged) return;
      // From where the first bar begins up to where the last one ends; the rest of the question is the same in each.
      const address = new URL(bars[low].href.baseVal, location.href);
      const last = new URL(bars[high].href.baseVal, location.href);
      address.searchParams.set("date_to", last.searchParams.get("date_to"));
      location.assign(address);
    });
    window.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && shade) { shade.remove(); shade = null; start = null; }
    });
    // The click that ends a drag is no click on a bar.
    svg.addEventListener("click", (event) => { if (dragged) { event.preventDefault(); event.stopPropagation(); dragged = false; } }, true);
    // The drawing is one stop of the Tab key; from there the arrows go from bar to bar.
    svg.setAttribute("tabindex", "0");
    svg.addEventListener("keydown", (event) => {
      const at = bars.indexOf(event.target.closest("a.bar"));
      const entry = event.target === svg;
      const to = { ArrowRight: at + 1, ArrowLeft: entry ? bars.length - 1 : at - 1, Home: 0, End: bars.length - 1 }[event.key];
      if ((at < 0 && !entry) || to === undefined || !bars[to]) return;
      event.preventDefault();
      bars[to].focus();
    });
  }

  prepare(document);
  document.addEventListener("htmx:afterSwap", (event) => { if (event.detail.target.id === "explorer") { prepare(event.detail.target); remember(); } });
  document.addEventListener("htmx:responseError", (event) => {
    if (event.detail.target?.id !== "explorer") return;
    event.detail.target.querySelector("[role=status]").textContent = "The histogram could not be loaded.";
  });
})();
