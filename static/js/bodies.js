// Finds a text in the bodies of a call that stand beside each other: marks each place and tells how many there are;
// Enter goes to the next one. Without this file the field is not shown, and the browser's own search does.
(() => {
  const MOST = 500;
  const texts = (field) => [...field.closest("[data-find-in]").querySelectorAll(".json-block code")];

  function mark(field) {
    const wanted = field.value.trim();
    const pattern = new RegExp(wanted.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), "gi");
    let count = 0;
    for (const code of texts(field)) {
      const text = code.textContent;
      const parts = document.createDocumentFragment();
      let from = 0;
      for (const found of wanted ? text.matchAll(pattern) : []) {
        if (count === MOST) break;
        count += 1;
        const place = document.createElement("mark");
        place.textContent = found[0];
        parts.append(text.slice(from, found.index), place);
        from = found.index + found[0].length;
      }
      parts.append(text.slice(from));
      code.replaceChildren(parts);
    }
    const told = field.closest("[data-find-in]").querySelector("[data-find-count]");
    const number = count === MOST ? `${MOST} places or more` : count === 1 ? "1 place" : `${count} places`;
    told.textContent = wanted ? (count ? number : "Not found") : "";
  }
  function next(field) {
    const places = [...field.closest("[data-find-in]").querySelectorAll(".json-block mark")];
    if (!places.length) return;
    const now = places.findIndex((place) => place.classList.contains("is-current"));
    places[now]?.classList.remove("is-current");
    const place = places[(now + 1) % places.length];
    place.classList.add("is-current");
    place.scrollIntoView({ block: "center" });
  }
  document.addEventListener("input", (event) => { if (event.target.matches?.("[data-find]")) mark(event.target); });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.target.matches?.("[data-find]")) return;
    event.preventDefault();
    next(event.target);
  });
  document.addEventListener("click", (event) => { if (event.target.closest?.("[data-print]")) window.print(); });
})();
