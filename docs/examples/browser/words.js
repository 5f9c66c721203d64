// What the page says, in the language of the browser.

const ENGLISH = {
  title: (ticket) => `Video room of ticket ${ticket}`,
  hint: "Your browser will ask for your camera and your microphone.",
  enter: "Enter",
  cancel: "Cancel",
  leave: "Leave",
  asking: "Asking for the room…",
  connecting: "Connecting…",
  inside: "You are in the room.",
  cancelled: "",
  left: "You have left the room.",
  busy: "Video rooms are busy.",
  offline: "The network does not answer.",
  lost: "The connection to the room is lost.",
  unopened: "The room is not open yet.",
  expired: "Your time in the room is over.",
  refused: "The room did not let you in. Please enter again.",
  failed: "The video could not be started. Please reload the page.",
  missing: "There is no such room.",
  changed: "Somebody else has just changed the room. Please enter again.",
  over: "The room is over.",
  broken: "Video rooms are out of order. Please come back later.",
  opens: (time) => `You will be let in when it opens: ${time}`,
  again: (pause) => `Trying again in ${pause}.`,
};

const SPANISH = {
  title: (ticket) => `Sala de video del ticket ${ticket}`,
  hint: "El navegador pedirá permiso para usar la cámara y el micrófono.",
  enter: "Entrar",
  cancel: "Cancelar",
  leave: "Salir",
  asking: "Pidiendo la sala…",
  connecting: "Conectando…",
  inside: "Ya está en la sala.",
  cancelled: "",
  left: "Ha salido de la sala.",
  busy: "Las salas de video están ocupadas.",
  offline: "La red no responde.",
  lost: "Se perdió la conexión con la sala.",
  unopened: "La sala todavía no está abierta.",
  expired: "Su tiempo en la sala terminó.",
  refused: "La sala no le dejó entrar. Vuelva a entrar.",
  failed: "No se pudo iniciar el video. Vuelva a cargar la página.",
  missing: "Esa sala no existe.",
  changed: "Alguien acaba de cambiar la sala. Vuelva a entrar.",
  over: "La sala ya terminó.",
  broken: "Las salas de video no funcionan por ahora. Vuelva más tarde.",
  opens: (time) => `Entrará sin hacer nada más cuando abra: ${time}`,
  again: (pause) => `Nuevo intento en ${pause}.`,
};

const BY_LANGUAGE = { en: ENGLISH, es: SPANISH };

const languageOf = (locale) => locale.split("-")[0];

export const locale = navigator.languages.find((each) => languageOf(each) in BY_LANGUAGE) ?? "en";
export const language = languageOf(locale);
export const words = BY_LANGUAGE[language];

/** How long a pause is, for somebody who is told once: "5 seconds". */
export function inWords(seconds) {
  const unit = seconds < 120 ? "second" : "minute";
  const count = unit === "second" ? seconds : Math.round(seconds / 60);
  return new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "long" }).format(count);
}

/** How long a pause still is, for somebody who looks: "0:05". */
export function onTheClock(seconds) {
  const [hours, minutes, rest] = [seconds / 3600, (seconds / 60) % 60, seconds % 60].map(Math.floor);
  const two = (number) => String(number).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** When something will be, with the day if that is not today. */
export function timeOf(milliseconds) {
  const [time, today] = [new Date(milliseconds), new Date()];
  const dateStyle = time.toDateString() === today.toDateString() ? undefined : "medium";
  return new Intl.DateTimeFormat(locale, { dateStyle, timeStyle: "short" }).format(time);
}
