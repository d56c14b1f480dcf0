// Opens the rows of a list marked data-drawer beside the list. The drawer's address is the row's own page, so that Back
// closes it, and a reload or a shared link shows the page itself. Without this file the links lead to that page.
(() => {
  const dialog = document.createElement("dialog");
  dialog.className = "drawer";
  dialog.setAttribute("aria-label", "Details");
  const body = document.createElement("div");
  body.id = "drawer-body";
  dialog.append(body);
  document.body.append(dialog);
  let opener = null;

  async function open(address) {
    await htmx.ajax("GET", address, { target: body, swap: "innerHTML" });
    if (!body.childElementCount) return false;
    dialog.scrollTop = 0;
    if (!dialog.open) dialog.showModal();
    return true;
  }
  document.addEventListener("click", async (event) => {
    const target = event.target instanceof Element ? event.target : event.target.parentElement;
    if (!target) return;
    if (target === dialog || target.closest("[data-drawer-close]")) { event.preventDefault(); dialog.close(); return; }
    const link = target.closest("[data-drawer] a.row-link");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    opener = link;
    body.replaceChildren();
    if (await open(link.href)) history.pushState({ drawer: link.href }, "", link.href);
  });
  dialog.addEventListener("close", () => {
    if (history.state?.drawer) history.back();
    opener?.focus();
  });
  window.addEventListener("popstate", (event) => {
    if (event.state?.drawer) open(event.state.drawer);
    else if (dialog.open) dialog.close();
  });
})();
