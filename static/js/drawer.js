// Opens the rows of a list marked data-drawer beside the list. The drawer's address is the row's own page, so that Back
// closes it, and a reload or a shared link shows the page itself. Without this file the links lead to that page.
// j and k, and links marked data-drawer-step, go on within the list; on closing, the focus returns to the row.
(() => {
  const dialog = document.createElement("dialog");
  dialog.className = "drawer";
  dialog.setAttribute("aria-labelledby", "drawer-title");
  const body = document.createElement("div");
  body.id = "drawer-body";
  const said = document.createElement("div");
  said.className = "visually-hidden";
  said.setAttribute("aria-live", "polite");
  dialog.append(body, said);
  document.body.append(dialog);

  // The page that this document is, wherever the address has gone since; and the list's address and title beneath the drawer.
  const own = location.pathname;
  const pageTitle = document.title;
  let behind = "";
  let opener = null;
  let shown = "";
  let isBusy = false;
  let isLeaving = false;
  // Counts up with whatever makes an answer that is still on its way unwanted.
  let turn = 0;

  const title = () => body.querySelector("[data-drawer-title]");
  const link = (rel) => body.querySelector(`a[data-drawer-step][rel="${rel}"]`);
  // What is said and told at the edge of the page cannot be reached while the drawer is open.
  const bring = (home) => ["announce", "toasts"].forEach((id) => {
    const part = document.getElementById(id);
    if (part) home.append(part);
  });
  function unfold() {
    if (dialog.open) return;
    bring(dialog);
    dialog.showModal();
  }

  async function show(address, rel) {
    if (isBusy) return false;
    isBusy = true;
    turn += 1;
    const mine = turn;
    const before = title();
    const stays = rel && dialog.contains(document.activeElement) && document.activeElement.matches("[data-drawer-step]");
    dialog.setAttribute("aria-busy", "true");
    const late = setTimeout(() => { if (mine === turn && !body.childElementCount) { body.textContent = "Loading…"; unfold(); } }, 250);
    try {
      await htmx.ajax("GET", address, { source: body, target: body, swap: "innerHTML" });
    } catch { /* told by the page's own handler of errors */ }
    clearTimeout(late);
    if (mine !== turn) return false;
    dialog.removeAttribute("aria-busy");
    isBusy = false;
    const now = title();
    if (!now || now === before) { if (!before && dialog.open) dialog.close(); return false; }
    shown = address;
    document.title = `${now.dataset.drawerTitle} · Redemptions`;
    unfold();
    dialog.scrollTop = 0;
    if (stays) {
      // Whoever presses the button again goes on; the heading is said instead.
      (link(rel) || now).focus({ preventScroll: true });
      said.textContent = now.textContent.trim();
    } else {
      now.focus({ preventScroll: true });
    }
    return true;
  }
  async function step(rel) {
    const to = link(rel);
    if (to && await show(to.href, rel)) history.replaceState({ drawer: shown }, "", shown);
  }

  document.addEventListener("click", async (event) => {
    const target = event.target instanceof Element ? event.target : event.target.parentElement;
    if (!target) return;
    if (target === dialog || target.closest("[data-drawer-close]")) { event.preventDefault(); dialog.close(); return; }
    if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const stepping = target.closest("#drawer-body a[data-drawer-step]");
    if (stepping) { event.preventDefault(); step(stepping.rel); return; }
    const row = target.closest("[data-drawer] a.row-link");
    if (!row) return;
    event.preventDefault();
    opener = row;
    behind = location.href;
    body.replaceChildren();
    if (await show(row.href)) history.pushState({ drawer: shown }, "", shown);
  });
  document.addEventListener("keydown", (event) => {
    if (!dialog.open || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest?.("input, select, textarea")) return;
    if (event.key === "j") step("next");
    if (event.key === "k") step("prev");
  });
  dialog.addEventListener("close", () => {
    turn += 1;
    isBusy = false;
    htmx.trigger(body, "htmx:abort");
    dialog.removeAttribute("aria-busy");
    bring(document.body);
    body.replaceChildren();
    document.title = pageTitle;
    if (history.state?.drawer) { isLeaving = true; history.back(); }
    const rows = [...document.querySelectorAll("[data-drawer] a.row-link")];
    const row = rows.find((each) => each.href === shown) || (opener?.isConnected ? opener : null);
    row?.focus();
    row?.closest("tr")?.scrollIntoView({ block: "nearest" });
  });
  // Before htmx hears of it, which would load the list anew.
  window.addEventListener("popstate", (event) => {
    if (event.state?.drawer) {
      if (location.pathname !== own) { body.replaceChildren(); show(event.state.drawer); }
      return;
    }
    if (isLeaving || dialog.open) {
      isLeaving = false;
      if (dialog.open) dialog.close();
      if (location.href === behind) event.stopImmediatePropagation();
      return;
    }
    // A drawer's page that was loaded anew, left by Back: the document is not the one of this address.
    if (!event.state?.htmx && location.pathname !== own) location.reload();
  }, true);
})();
