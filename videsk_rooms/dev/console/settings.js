// The settings that this browser keeps: language and theme. Nothing else, and no secrets.

export function remembered(name) {
  try {
    return localStorage.getItem(`videsk-rooms-${name}`);
  } catch {
    return null; // storage is disabled: the page works without it
  }
}

export function remember(name, value) {
  try {
    localStorage.setItem(`videsk-rooms-${name}`, value);
  } catch {
    // As above.
  }
}

const THEMES = ["auto", "light", "dark"];

export function theme() {
  const chosen = remembered("theme");
  return THEMES.includes(chosen) ? chosen : "auto";
}

export function setTheme(chosen) {
  remember("theme", chosen);
  showTheme();
}

export function nextTheme() {
  return THEMES[(THEMES.indexOf(theme()) + 1) % THEMES.length];
}

/** Style sheets read the theme from the root element; without one they follow the system's. */
export function showTheme() {
  if (theme() === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme();
}
