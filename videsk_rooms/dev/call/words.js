// The page's text, in English and Spanish.

const ENGLISH = {
  title: "Video call",
  alias: "Your name",
  enter: "Enter",
  asking: "Asking for the room…",
  connecting: "Connecting… The browser may ask for the camera and the microphone.",
  inside: (time) => `You are in the room. It ends at ${time}.`,
  drawn: "No camera is available, so a drawn picture is sent.",
  left: "You have left the room.",
  lost: "The connection to videsk-rooms was lost. Is it still running?",
  early: (time) => `Too early: the room opens at ${time}.`,
  late: (time) => `Too late: the room ended at ${time}.`,
  over: (time) => `The room is over. It ended at ${time}.`,
  ended: "The room is over: it was ended early.",
  refused: (message) => `The room did not let you in: ${message}.`,
  failed: (message) => `The call could not be started: ${message}`,
  noRoom: "The address has no room: open this page from the console.",
  offline: "videsk-rooms does not respond. Is it still running?",
  clock: "Times follow the sandbox’s clock.",
  note: "This page uses a stand-in for Videsk’s SDK, for local development. It connects to no other machine.",
};

const SPANISH = {
  title: "Videollamada",
  alias: "Tu nombre",
  enter: "Entrar",
  asking: "Pidiendo la sala…",
  connecting: "Conectando… El navegador puede pedir permiso para la cámara y el micrófono.",
  inside: (time) => `Ya estás en la sala. Termina a las ${time}.`,
  drawn: "No hay cámara que usar; se envía una imagen dibujada.",
  left: "Saliste de la sala.",
  lost: "Se perdió la conexión con videsk-rooms. ¿Sigue corriendo?",
  early: (time) => `Demasiado temprano: la sala abre a las ${time}.`,
  late: (time) => `Demasiado tarde: la sala terminó a las ${time}.`,
  over: (time) => `La sala se terminó. Terminó a las ${time}.`,
  ended: "La sala se terminó: la cerraron antes de la hora.",
  refused: (message) => `La sala no te dejó entrar: ${message}.`,
  failed: (message) => `No se pudo iniciar la llamada: ${message}`,
  noRoom: "La dirección no dice qué sala: abre esta página desde la consola.",
  offline: "videsk-rooms no responde. ¿Sigue corriendo?",
  clock: "Las horas son las del reloj del sandbox.",
  note: "Esta página usa un sustituto del SDK de Videsk, para desarrollo local. No se conecta con ninguna otra máquina.",
};

const BY_LANGUAGE = { en: ENGLISH, es: SPANISH };
const asked = new URLSearchParams(location.search).get("lang");
const wanted = [asked, ...navigator.languages].map((each) => each?.split("-")[0]);

export const language = wanted.find((each) => each in BY_LANGUAGE) ?? "en";
export const words = BY_LANGUAGE[language];

/** Format an instant of the API, with the day unless that is today. */
export function timeOf(instant) {
  const at = new Date(instant);
  const dateStyle = at.toDateString() === new Date().toDateString() ? undefined : "medium";
  return new Intl.DateTimeFormat(language, { dateStyle, timeStyle: "medium" }).format(at);
}
