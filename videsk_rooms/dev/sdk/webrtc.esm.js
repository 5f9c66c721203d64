// The stand-in as a module: `import WebRTC from "…/sdk/webrtc.esm.js"`. See webrtc.js for what it is.

export { WebRTC as default } from "./webrtc.js";
