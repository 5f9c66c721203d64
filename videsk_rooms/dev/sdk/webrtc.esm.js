export default class WebRTC {}
