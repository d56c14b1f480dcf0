// Chooses light or dark before anything is drawn; loaded in the head, so it must stay small and wait for nothing.
(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const read = () => {
    // Django admin keeps its choice under the same name, and calls the system's "auto".
    let kept;
    try { kept = localStorage.getItem("theme"); } catch { /* a private window keeps nothing */ }
    return kept === "light" || kept === "dark" ? kept : "system";
  };
  const apply = () => {
    const choice = read();
    root.dataset.bsTheme = choice === "system" ? (dark.matches ? "dark" : "light") : choice;
  };
  root.classList.add("js");
  apply();
  dark.addEventListener("change", apply);
  window.addEventListener("storage", apply);
  window.dashboardTheme = {
    read,
    set(choice) {
      try { localStorage.setItem("theme", choice === "system" ? "auto" : choice); } catch { /* a private window: lasts as long as the page */ }
      apply();
      if (read() !== choice) root.dataset.bsTheme = choice === "system" ? (dark.matches ? "dark" : "light") : choice;
    },
  };
})();
