// The stand-in as a module: `import WebRTC from "…/sdk/webrtc.esm.js"`. See webrtc.js.

export { WebRTC as default } from "./webrtc.js";
