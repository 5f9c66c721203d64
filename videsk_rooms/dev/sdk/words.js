// What the element says, in the language of the page or else of the browser.

const ENGLISH = {
  "button-mic": "Microphone",
  "button-cam": "Camera",
  "button-screen": "Share the screen",
  "button-toggle-camera": "Other camera",
  "button-chat": "Chat",
  "button-fullscreen": "Full screen",
  "button-hangup": "Leave",
  "participants-toggle": "Hide or show the others",
  you: "You",
  message: "Message",
  send: "Send",
  standIn: "Stand-in for local development, not Videsk’s SDK",
};

const SPANISH = {
  "button-mic": "Micrófono",
  "button-cam": "Cámara",
  "button-screen": "Compartir la pantalla",
  "button-toggle-camera": "Otra cámara",
  "button-chat": "Chat",
  "button-fullscreen": "Pantalla completa",
  "button-hangup": "Salir",
  "participants-toggle": "Ocultar o mostrar a los demás",
  you: "Tú",
  message: "Mensaje",
  send: "Enviar",
  standIn: "Sustituto para desarrollo local, no es el SDK de Videsk",
};

export function words() {
  const language = document.documentElement.lang || navigator.language;
  return language.startsWith("es") ? SPANISH : ENGLISH;
}
