// Chooses light or dark before anything is drawn; loaded in the head, so it must stay small and wait for nothing.
(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const read = () => {
    try { return localStorage.getItem("theme") || "system"; } catch { return "system"; }
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
      try { localStorage.setItem("theme", choice); } catch { /* a private window: lasts as long as the page */ }
      apply();
      if (read() !== choice) root.dataset.bsTheme = choice === "system" ? (dark.matches ? "dark" : "light") : choice;
    },
  };
})();
