// The choice of columns as a dialog above its list; columns move by mouse, by buttons and by number, and nothing is kept
// until "Show these columns" is pressed. Without this file the link leads to a page with the same form.
(() => {
  let dialog = null;
  const announce = (text) => { document.getElementById("announce").textContent = text; };
  const lines = (form) => [...form.querySelectorAll("[data-line]")];
  const labelOf = (line) => line.querySelector(".form-check-label").firstChild.textContent.trim();

  async function open(link) {
    if (!dialog) {
      dialog = document.createElement("dialog");
      dialog.className = "chooser-dialog";
      dialog.setAttribute("aria-labelledby", "chooser-title");
      const head = document.createElement("div");
      head.className = "chooser-head";
      const title = document.createElement("h2");
      title.id = "chooser-title";
      title.textContent = "Columns";
      const close = document.createElement("button");
      close.type = "button";
      close.className = "btn-close";
      close.setAttribute("aria-label", "Close");
      close.dataset.chooserClose = "";
      head.append(title, close);
      const body = document.createElement("div");
      body.id = "chooser-body";
      dialog.append(head, body);
      document.body.append(dialog);
    }
    const body = dialog.querySelector("#chooser-body");
    body.replaceChildren();
    await htmx.ajax("GET", link.href, { target: body, swap: "innerHTML" });
    if (!body.childElementCount) return;
    dialog.showModal();
    body.querySelector("input[type=checkbox]")?.focus();
    dialog.addEventListener("close", () => document.querySelector("[data-chooser]")?.focus(), { once: true });
  }

  const number = (form) => lines(form).forEach((line, index) => { line.querySelector(".place").value = index + 1; });
  function moved(form, line) {
    number(form);
    announce(`${labelOf(line)}: place ${lines(form).indexOf(line) + 1} of ${lines(form).length}`);
  }
  function move(form, line, by) {
    const other = by < 0 ? line.previousElementSibling : line.nextElementSibling;
    if (!other) return;
    if (by < 0) other.before(line); else other.after(line);
    moved(form, line);
  }
  function add(form, key) {
    key = key.trim();
    if (!key) return;
    const name = `metadata.${key}`;
    let line = lines(form).find((each) => each.querySelector("[name=column]").value === name);
    const shown = lines(form).filter((each) => each.querySelector("[name=show]").checked);
    if (!line) {
      line = lines(form)[0].cloneNode(true);
      line.querySelector("[name=column]").value = name;
      const box = line.querySelector("[name=show]");
      box.value = name;
      const label = line.querySelector(".form-check-label");
      const tag = document.createElement("span");
      tag.className = "tag";
      tag.textContent = "metadata";
      label.replaceChildren(key, " ", tag);
      line.querySelector(".place").setAttribute("aria-label", `Place of ${key}`);
      for (const [button, way] of [...line.querySelectorAll(".nudge")].map((each, index) => [each, index ? "down" : "up"])) {
        button.value = `${way}:${name}`;
        button.setAttribute("aria-label", `${key} ${way}`);
      }
      (shown.at(-1) ?? lines(form).at(-1)).after(line);
    }
    line.querySelector("[name=show]").checked = true;
    form.querySelectorAll(".suggestion").forEach((each) => { if (each.value === key) each.remove(); });
    form.querySelector("#add-key").value = "";
    moved(form, line);
    line.scrollIntoView({ block: "nearest" });
    line.querySelector("[name=show]").focus();
  }

  document.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : event.target.parentElement;
    if (!target) return;
    const link = target.closest("[data-chooser]");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.button) { event.preventDefault(); open(link); return; }
    if (dialog?.open && (target === dialog || (target.closest("[data-chooser-close]") && dialog.contains(target)))) {
      event.preventDefault();
      dialog.close();
      return;
    }
    const form = target.closest("[data-columns]");
    if (!form) return;
    const nudge = target.closest(".nudge");
    if (nudge) {
      event.preventDefault();
      move(form, nudge.closest("[data-line]"), nudge.value.startsWith("up:") ? -1 : 1);
      nudge.scrollIntoView({ block: "nearest" });
      nudge.focus();
      return;
    }
    const more = target.closest("[data-add]");
    if (more) { event.preventDefault(); add(form, more.value || form.querySelector("#add-key").value); }
  });
  document.addEventListener("keydown", (event) => {
    const field = event.target.closest?.("[data-columns] input");
    if (!field) return;
    const form = field.closest("form");
    if (field.id === "add-key" && event.key === "Enter" && field.value.trim()) { event.preventDefault(); add(form, field.value); }
    const line = field.closest("[data-line]");
    if (line && event.altKey && ["ArrowUp", "ArrowDown"].includes(event.key)) {
      event.preventDefault();
      move(form, line, event.key === "ArrowUp" ? -1 : 1);
      field.focus();
    }
  });

  // --- by mouse, pen or finger: the grip takes its line along
  document.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest?.("[data-grip]");
    if (!grip || event.button) return;
    event.preventDefault();
    const line = grip.closest("[data-line]");
    const form = line.closest("form");
    line.classList.add("is-dragged");
    const follow = (moving) => {
      const over = lines(form).find((each) => {
        const box = each.getBoundingClientRect();
        return each !== line && moving.clientY >= box.top && moving.clientY <= box.bottom;
      });
      if (!over) return;
      const box = over.getBoundingClientRect();
      const isBelow = line.compareDocumentPosition(over) & Node.DOCUMENT_POSITION_FOLLOWING;
      // Only past its middle, else two lines of different height would change places for ever.
      if (isBelow && moving.clientY > box.top + box.height / 2) over.after(line);
      else if (!isBelow && moving.clientY < box.top + box.height / 2) over.before(line);
    };
    const drop = () => {
      line.classList.remove("is-dragged");
      document.removeEventListener("pointermove", follow);
      document.removeEventListener("pointerup", drop);
      document.removeEventListener("pointercancel", drop);
      moved(form, line);
    };
    document.addEventListener("pointermove", follow);
    document.addEventListener("pointerup", drop);
    document.addEventListener("pointercancel", drop);
  });
})();
