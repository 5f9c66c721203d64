// A drawn picture and silence, for machines without a camera.

const [WIDTH, HEIGHT, RATE] = [640, 360, 15];

export function drawnStream(name) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [WIDTH, HEIGHT];
  const context = canvas.getContext("2d");
  const hue = [...name].reduce((sum, letter) => sum + letter.codePointAt(0), 0) % 360;
  const timer = setInterval(() => draw(context, name, hue), 1000 / RATE);
  draw(context, name, hue);
  const stream = canvas.captureStream(RATE);
  stream.addTrack(silence());
  // stop() fires no event on a track, so the timer checks.
  const watch = setInterval(() => {
    if (stream.active) return;
    clearInterval(timer);
    clearInterval(watch);
  }, 1000);
  return stream;
}

function draw(context, name, hue) {
  const turn = Date.now() / 1000;
  context.fillStyle = `hsl(${hue} 40% 25%)`;
  context.fillRect(0, 0, WIDTH, HEIGHT);
  context.fillStyle = `hsl(${hue} 80% 60%)`;
  context.beginPath();
  context.arc(WIDTH / 2 + 200 * Math.cos(turn), HEIGHT / 2 + 100 * Math.sin(turn), 40, 0, 2 * Math.PI);
  context.fill();
  context.fillStyle = "#fff";
  context.font = "48px system-ui, sans-serif";
  context.textAlign = "center";
  context.fillText(name, WIDTH / 2, HEIGHT / 2, WIDTH - 40);
  context.fillText(new Date().toLocaleTimeString(), WIDTH / 2, HEIGHT - 40);
}

function silence() {
  return new AudioContext().createMediaStreamDestination().stream.getAudioTracks()[0];
}
