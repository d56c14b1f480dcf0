// What pages do beyond links and forms. Every page works without it; nothing here evaluates text as code.
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const announce = (text) => { document.getElementById("announce").textContent = text; };

  // --- htmx: the CSRF token, the way of errors, where to stand after a page of a list was fetched
  document.addEventListener("htmx:configRequest", (event) => {
    const token = document.body.dataset.csrf;
    if (token) event.detail.headers["X-CSRFToken"] = token;
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    const source = event.detail.requestConfig?.elt;
    if (source?.dataset?.scroll) {
      const list = document.querySelector(source.dataset.scroll);
      list?.scrollIntoView({ block: "start" });
      list?.querySelector("a.row-link")?.focus({ preventScroll: true });
    }
  });
  // A list that arrives on load pushes away the place further down that the address names: go there again.
  document.addEventListener("htmx:afterSettle", (event) => {
    if (location.hash.length > 1 && event.detail.requestConfig?.elt?.getAttribute("hx-trigger") === "load") {
      document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
    }
  });
  const failed = (event) => {
    const { elt, target, requestConfig } = event.detail;
    if (elt?.closest?.("[data-quiet]")) return;
    // A part that came on its own after the page says in its place that it did not; a click is answered where one looks.
    if (target && /^(load|revealed|intersect)/.test(elt?.getAttribute?.("hx-trigger") ?? "")) sayFailed(elt, target, requestConfig?.path);
    else toast("This could not be loaded. Try again in a moment.");
  };
  function sayFailed(elt, target, path) {
    if (!path) return;
    const line = document.createElement("p");
    line.className = "part-failed";
    line.setAttribute("role", "alert");
    const again = document.createElement("a");
    again.href = path;
    again.textContent = "Try again";
    again.addEventListener("click", (click) => {
      click.preventDefault();
      line.textContent = "Loading…";
      htmx.ajax("GET", path, { source: elt, target });
    });
    line.append("This part could not be loaded. ", again);
    target.replaceChildren(line);
  }
  document.addEventListener("htmx:responseError", (event) => { if (event.detail.xhr.status !== 401) failed(event); });
  document.addEventListener("htmx:sendError", failed);
  document.addEventListener("htmx:timeout", failed);
  // What is under way shows that it is, in the place where it will stand.
  const busy = (event, is) => {
    const { elt, target } = event.detail;
    if (!target?.setAttribute || elt?.closest?.("[data-quiet]")) return;
    if (is) target.setAttribute("aria-busy", "true"); else target.removeAttribute("aria-busy");
  };
  document.addEventListener("htmx:beforeRequest", (event) => busy(event, true));
  document.addEventListener("htmx:afterRequest", (event) => busy(event, false));

  // --- toasts; a fragment may send HX-Trigger: {"notify": {"title", "url", "count"}}
  function toast(title, url) {
    const note = document.createElement("div");
    note.className = "note";
    const body = document.createElement("div");
    if (url && new URL(url, location.href).origin === location.origin) {
      const link = document.createElement("a");
      link.href = url;
      link.textContent = title;
      body.append(link);
    } else {
      body.textContent = title;
    }
    const close = document.createElement("button");
    close.type = "button";
    close.className = "btn-close";
    close.setAttribute("aria-label", "Dismiss");
    close.addEventListener("click", () => note.remove());
    note.append(body, close);
    document.getElementById("toasts").append(note);
    fade(note, url ? 20000 : 8000);
  }
  function fade(element, after) {
    let timer = setTimeout(() => element.remove(), after);
    // Whoever reads or is about to press it keeps it.
    for (const [on, off] of [["mouseenter", "mouseleave"], ["focusin", "focusout"]]) {
      element.addEventListener(on, () => clearTimeout(timer));
      element.addEventListener(off, () => { clearTimeout(timer); timer = setTimeout(() => element.remove(), after); });
    }
  }
  document.addEventListener("notify", (event) => {
    const { title, url, count } = event.detail;
    toast(count > 1 ? `${title} (and ${count - 1} more)` : title, url);
  });
  all("[data-dismiss-after]").forEach((each) => { if (each.dataset.dismissAfter) fade(each, Number(each.dataset.dismissAfter)); });

  // --- clicks
  document.addEventListener("click", async (event) => {
    const target = event.target instanceof Element ? event.target : event.target.parentElement;
    if (!target) return;
    const copy = target.closest("[data-copy]");
    if (copy) {
      event.preventDefault();
      const done = await copyText(copy.dataset.copy);
      announce(done ? "Copied" : "Copying is not possible here");
      if (done) {
        copy.classList.add("is-copied");
        const use = copy.querySelector("use");
        const before = use?.getAttribute("href");
        use?.setAttribute("href", before.replace(/#.*$/, "#check"));
        setTimeout(() => { copy.classList.remove("is-copied"); use?.setAttribute("href", before); }, 1500);
      }
      return;
    }
    const theme = target.closest("button[data-theme]");
    if (theme) { window.dashboardTheme.set(theme.dataset.theme); showTheme(); return; }
    if (target.closest("[data-dismiss]")) { target.closest(".alert")?.remove(); return; }
    // A click outside closes open menus.
    all("details[data-menu][open]").forEach((menu) => {
      if (!menu.contains(target) && !(menu.matches(".nav-toggle") && target.closest(".sidebar"))) menu.open = false;
    });
    // The whole row is its link; marking text with the mouse is no click.
    const row = target.closest("tr.has-link");
    if (row && !target.closest("a, button, input, label, summary") && !String(getSelection())) {
      const link = row.querySelector("a.row-link");
      if (link && (event.ctrlKey || event.metaKey)) window.open(link.href, "_blank", "noopener");
      else link?.click();
    }
  });
  async function copyText(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // Without HTTPS browsers keep the clipboard closed; the old way still works.
      const area = document.createElement("textarea");
      area.value = text;
      area.className = "visually-hidden";
      document.body.append(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      return done;
    }
  }
  function showTheme() {
    all("button[data-theme]").forEach((button) => {
      button.setAttribute("aria-pressed", String(button.dataset.theme === window.dashboardTheme.read()));
    });
  }
  showTheme();

  // --- filters
  const narrow = matchMedia("(max-width: 47.99rem)");
  // Whoever folds the panel on a wide screen finds it folded; in a cookie, so that the server draws it so at once.
  const isFolded = () => document.cookie.split("; ").includes("filters=folded");
  const fold = () => all("[data-fold-narrow]").forEach((panel) => {
    panel.open = panel.hasAttribute("data-keep-open") || !(narrow.matches || isFolded());
  });
  fold();
  narrow.addEventListener("change", fold);
  document.addEventListener("click", (event) => {
    const panel = event.target.closest?.(".filter-panel > summary")?.parentElement;
    if (!panel || narrow.matches) return;
    // The click has not opened or folded it yet.
    const kept = panel.open ? "filters=folded; max-age=31536000" : "filters=; max-age=0";
    document.cookie = `${kept}; path=/; samesite=lax`;
  });
  document.addEventListener("change", (event) => {
    const operator = event.target.closest?.("[data-row] select.op");
    if (operator) showBare(operator);
    const pick = event.target.closest?.("[data-pick]");
    if (!pick) return;
    // A value is in or out, not both.
    const option = event.target.closest("[data-pick-option]");
    if (option && event.target.checked) {
      all("input", option).forEach((input) => { if (input !== event.target) input.checked = false; });
    }
    const text = pick.querySelector("[data-pick-text]");
    const words = (input) => {
      const label = input.closest("[data-pick-option]")?.querySelector(".form-check-label") ?? input.closest("label");
      return (input.closest(".pick-not") ? "not " : "") + label.textContent.trim();
    };
    text.textContent = all("input:checked", pick).map(words).join(", ") || text.dataset.any;
  });
  // "has a value" needs no text beside it.
  const showBare = (select) => {
    const field = select.closest("[data-row]").querySelector("select.op ~ input");
    field.hidden = select.selectedOptions[0].hasAttribute("data-bare");
    if (field.hidden) field.value = "";
  };
  all("[data-row] select.op").forEach(showBare);
  document.addEventListener("click", (event) => {
    const more = event.target.closest?.("[data-row-more]");
    if (!more) return;
    const row = more.closest("[data-row]");
    const next = row.cloneNode(true);
    all("input", next).forEach((field) => { field.value = ""; field.removeAttribute("id"); });
    row.after(next);
    showBare(next.querySelector("select.op"));
    next.querySelector("input").focus();
  });
  // Empty fields would only make the address long. Of a row all parts stay, or none: they belong together by their place.
  const emptyFields = (form) => {
    const fields = all("input, select", form).filter((field) => field.name);
    const rows = all("[data-row]", form);
    const gone = fields.filter((field) => !field.value && !field.closest("[data-row]"));
    rows.forEach((row) => {
      const own = all("input", row);
      const bare = row.querySelector("select.op").selectedOptions[0].hasAttribute("data-bare");
      if (own.every((field) => !field.value) && !(bare && own.length === 1)) gone.push(...own, row.querySelector("select.op"));
    });
    // What is plain everywhere need not be said; and a zone says something only beside dates.
    all("[data-rows]", form).forEach((group) => {
      const kept = all("[data-row]", group).map((row) => row.querySelector("select.op")).filter((select) => !gone.includes(select));
      if (kept.every((select) => select.selectedIndex === 0)) gone.push(...kept);
    });
    const has = (...names) => names.some((name) => form.elements[name]?.value);
    const zone = form.elements.zone;
    // Typed dates keep their zone, so that a shared address means the same to everyone.
    if (zone && !has("date_from", "date_to") && (!has("period") || zone.selectedIndex === 0)) gone.push(zone);
    return gone;
  };
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-filters]")) return;
    const empty = emptyFields(event.target);
    empty.forEach((field) => { field.disabled = true; });
    setTimeout(() => empty.forEach((field) => { field.disabled = false; }));
  });
  window.addEventListener("pageshow", () => all("[data-filters] :disabled").forEach((field) => { field.disabled = false; }));

  // --- what belongs to one format of a file only
  const showFormat = (select) => {
    all("[data-only-csv]", select.form).forEach((part) => { part.hidden = select.value !== "csv"; });
  };
  all("select[name=format]").forEach(showFormat);
  document.addEventListener("change", (event) => { if (event.target.matches("select[name=format]")) showFormat(event.target); });

  // --- keyboard
  document.addEventListener("keydown", (event) => {
    const inside = event.target.closest?.("input, select, textarea, [contenteditable]");
    if (event.key === "Escape") {
      const open = all("details[data-menu][open]").pop();
      if (open) { open.open = false; open.querySelector("summary")?.focus(); }
      else if (inside) inside.blur();
      return;
    }
    if (inside || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.key === "/") {
      const field = document.querySelector("[data-search]");
      if (field) { event.preventDefault(); field.focus(); field.select(); }
    } else if (event.key === "f") {
      const panel = document.querySelector(".filter-panel");
      if (panel) panel.open = true;
      const field = document.querySelector("[data-filters] input:not([type=hidden]):not([type=checkbox])");
      if (field) { event.preventDefault(); field.focus(); field.select?.(); }
    } else if (event.key === "j" || event.key === "k") {
      const links = all("a.row-link");
      if (!links.length) return;
      const now = links.indexOf(document.activeElement?.closest?.("tr")?.querySelector("a.row-link"));
      const next = event.key === "j" ? Math.min(now + 1, links.length - 1) : Math.max(now - 1, 0);
      links[next].focus();
      links[next].closest("tr").scrollIntoView({ block: "nearest" });
    } else if (event.key === "?") {
      document.getElementById("keys")?.showModal();
    }
  });
})();
