// The search box: lines to choose from while one types, by arrow keys and Enter. Without it the box is a plain form.
(() => {
  const box = document.querySelector("[data-search-box]");
  if (!box) return;
  const field = box.querySelector("input");
  const list = box.querySelector("[role=listbox]");
  const options = () => [...list.querySelectorAll("[role=option]")];
  let chosen = -1;

  function show(isOpen) {
    list.hidden = !isOpen;
    field.setAttribute("aria-expanded", String(isOpen));
    if (!isOpen) choose(-1);
  }
  function choose(index) {
    chosen = index;
    options().forEach((option, place) => option.setAttribute("aria-selected", String(place === index)));
    const option = options()[index];
    if (option) {
      field.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else {
      field.removeAttribute("aria-activedescendant");
    }
  }
  list.addEventListener("htmx:afterSwap", () => { choose(-1); show(Boolean(field.value.trim()) && document.activeElement === field); });
  field.addEventListener("input", () => { if (!field.value.trim()) show(false); });
  field.addEventListener("focus", () => { if (field.value.trim() && list.childElementCount) show(true); });
  box.addEventListener("focusout", (event) => { if (!box.contains(event.relatedTarget)) show(false); });
  // The mouse chooses by its own link; keeping the focus keeps the list open until then.
  list.addEventListener("mousedown", (event) => event.preventDefault());
  field.addEventListener("keydown", (event) => {
    const number = options().length;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (list.hidden || !number) return;
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      choose((chosen + step + number + (chosen < 0 && step < 0 ? 1 : 0)) % number);
    } else if (event.key === "Enter" && !list.hidden && chosen >= 0) {
      event.preventDefault();
      options()[chosen].click();
    } else if (event.key === "Escape") {
      event.stopPropagation();
      if (!list.hidden) show(false);
      else if (field.value) field.value = "";
      else field.blur();
    }
  });
})();
