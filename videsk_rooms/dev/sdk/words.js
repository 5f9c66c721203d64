// The element's text, in the language of the page or, without one, the browser's.

const ENGLISH = {
  "button-mic": "Microphone",
  "button-cam": "Camera",
  "button-screen": "Screen",
  "button-toggle-camera": "Other camera",
  "button-chat": "Chat",
  "button-fullscreen": "Full screen",
  "button-hangup": "Leave",
  "participants-toggle": "People",
  connecting: "Connecting…",
  disconnected: "Connection interrupted",
  failed: "No connection",
  unreachable:
    "The browser has no address to connect from, because no network is up. Chromium works without one if started with --allow-loopback-in-peer-connection",
  you: "You",
  message: "Message",
  send: "Send",
  standIn: "Stand-in for local development, not Videsk’s SDK",
};

const SPANISH = {
  "button-mic": "Micrófono",
  "button-cam": "Cámara",
  "button-screen": "Pantalla",
  "button-toggle-camera": "Otra cámara",
  "button-chat": "Chat",
  "button-fullscreen": "Pantalla completa",
  "button-hangup": "Salir",
  "participants-toggle": "Personas",
  connecting: "Conectando…",
  disconnected: "Conexión interrumpida",
  failed: "Sin conexión",
  unreachable:
    "El navegador no tiene dirección desde la cual conectarse: no hay ninguna red activa. Chromium funciona sin red si se inicia con --allow-loopback-in-peer-connection",
  you: "Tú",
  message: "Mensaje",
  send: "Enviar",
  standIn: "Sustituto para desarrollo local, no es el SDK de Videsk",
};

export function words() {
  const language = document.documentElement.lang || navigator.language;
  return language.startsWith("es") ? SPANISH : ENGLISH;
}
