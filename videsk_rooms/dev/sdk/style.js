// The elements' styles. Constructed style sheets are exempt from a page's Content-Security-Policy.

function sheet(text) {
  const made = new CSSStyleSheet();
  made.replaceSync(text);
  return made;
}

export const ELEMENT_STYLE = sheet(`
  :host { display: block; position: relative; width: 100%; height: 100%; min-height: 12rem;
    color-scheme: dark; color: #fff; background: #15171c; font: 1rem/1.4 system-ui, sans-serif; }
  :host([hidden]) { display: none; }
  * { box-sizing: border-box; }
  .container { display: flex; flex-direction: column; height: 100%; }
  .middle { display: flex; flex: 1; min-height: 0; }
  .participants { display: grid; flex: 1; gap: .25rem; padding: .25rem; min-width: 0; min-height: 0;
    grid-template-columns: repeat(auto-fit, minmax(min(12rem, 100%), 1fr)); grid-auto-rows: 1fr; }
  .sidebar .participants { display: flex; flex-flow: column wrap; }
  .sidebar .participants > * { flex: 1 1 0; width: calc(25% - .25rem); }
  .sidebar .participants > :first-child { flex: 0 0 100%; width: 75%; }
  .sidebar .participants > :only-child { width: 100%; }
  .alone .participants > .remote { display: none; }
  figure { position: relative; margin: 0; min-height: 0; overflow: hidden; border-radius: .5rem;
    background: #2a2e37; }
  video { display: block; width: 100%; height: 100%; object-fit: cover; }
  figure.dark video { visibility: hidden; }
  figure.screen video { object-fit: contain; }
  figure.local:not(.screen) video { transform: scaleX(-1); }
  figure p { position: absolute; inset: 0; margin: auto; height: fit-content; padding: 1rem; text-align: center; }
  figure p:empty { display: none; }
  figcaption { position: absolute; left: .5rem; bottom: .5rem; max-width: calc(100% - 1rem);
    padding: 0 .5rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap;
    border-radius: .25rem; background: #000a; }
  figure.muted figcaption { text-decoration: line-through; }
  .buttons { display: flex; flex-wrap: wrap; gap: .25rem; justify-content: center; padding: .25rem; }
  button { min-width: 2.75rem; min-height: 2.75rem; padding: 0 .75rem; border: 0; border-radius: .5rem;
    color: inherit; background: #3b4150; font: inherit; cursor: pointer; }
  button:hover { background: #4a5264; }
  button:focus-visible { outline: 3px solid #f2a900; outline-offset: 1px; }
  button[aria-pressed="false"] { background: #8a1c2b; }
  .button-screen[aria-pressed="false"], .button-chat[aria-pressed="false"] { background: #3b4150; }
  .button-screen[aria-pressed="true"], .button-chat[aria-pressed="true"] { background: #2f3fa8; }
  .button-hangup { background: #c02538; }
  .button-hangup:hover { background: #9d1c2d; }
  .stand-in { margin: 0; padding: .1rem .5rem; text-align: center; font-size: .75rem;
    color: #1c1300; background: #f2c14e; }
  @media (prefers-reduced-motion: no-preference) { button { transition: background .1s; } }
`);

export const CHAT_STYLE = sheet(`
  :host { display: none; }
  :host(.active) { display: flex; flex-direction: column; width: min(18rem, 60%); padding: .25rem;
    gap: .25rem; }
  ol { flex: 1; margin: 0; padding: 0; overflow: auto; list-style: none; overflow-wrap: anywhere; }
  li { margin: 0 0 .25rem; padding: .25rem .5rem; border-radius: .5rem; background: #2a2e37;
    white-space: pre-wrap; }
  li.local { background: #2f3fa8; }
  a { color: #ffd479; }
  form { display: flex; gap: .25rem; }
  input { flex: 1; min-width: 0; min-height: 2.75rem; padding: 0 .5rem; border: 1px solid #6b7280;
    border-radius: .5rem; color: inherit; background: #15171c; font: inherit; }
  button { min-height: 2.75rem; border: 0; border-radius: .5rem; padding: 0 .75rem; color: inherit;
    background: #3b4150; font: inherit; }
  :is(input, button):focus-visible { outline: 3px solid #f2a900; outline-offset: 1px; }
`);
