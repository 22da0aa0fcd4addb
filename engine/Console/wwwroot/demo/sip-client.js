// JsSIP in the shape of xswitch-rtc.js, so that one page serves both: a client with calls, a call with states and methods.
import { capture, captureScreen, resolveElement, show } from "../xswitch-rtc/media.js";

const state = (name) => ({ name });
const causes = {
  Busy: "USER_BUSY", Rejected: "CALL_REJECTED", Canceled: "ORIGINATOR_CANCEL", "No Answer": "NO_ANSWER", "Not Found": "UNALLOCATED_NUMBER", Unavailable: "USER_NOT_REGISTERED",
  Terminated: "NORMAL_CLEARING", "Incompatible SDP": "INCOMPATIBLE_DESTINATION", "Connection Error": "NETWORK_OUT_OF_ORDER", "Request Timeout": "NETWORK_OUT_OF_ORDER",
};

let lastId = 0;

class SipCall {
  #session = null;
  #client;
  #muted = false;
  #camera = null;

  constructor(client, direction, params) {
    this.#client = client;
    this.callID = `sip-${++lastId}`;
    this.params = params;
    this.direction = state(direction);
    this.state = state(direction === "inbound" ? "ringing" : "requesting");
    this.cause = this.error = this.answeredAt = this.localStream = null;
    this.screenShare = false;
    this.remoteStream = new MediaStream();
  }

  /** JsSIP makes a session of a call only when the stream is there; the page has its call before. */
  async place(ua, devices) {
    try {
      this.localStream = await capture(devices);
      if (this.isEnded) {
        this.#release();
      } else {
        this.bind(ua.call(this.params.remote_caller_id_number, { mediaStream: this.localStream }));
        this.#show();
      }
    } catch (error) {
      this.error = error;
      this.#end("Canceled");
    }
  }

  bind(session) {
    this.#session = session;
    if (session.connection) {
      this.#watch(session.connection);
    }
    session.on("peerconnection", ({ peerconnection }) => this.#watch(peerconnection));
    session.on("progress", ({ originator }) => originator === "remote" && this.#set("early"));
    session.on("accepted", () => this.#talking());
    session.on("confirmed", () => this.#talking());
    session.on("hold", () => this.#talking());
    session.on("unhold", () => this.#talking());
    session.on("ended", ({ cause }) => this.#end(cause));
    session.on("failed", ({ cause }) => this.#end(cause));
  }

  get peerConnection() {
    return this.#session?.connection ?? null;
  }

  get isEnded() {
    return this.state.name === "destroy";
  }

  async answer(devices) {
    this.#set("answering");
    try {
      this.localStream = await capture(devices);
    } catch (error) {
      this.error = error;
      this.#session.terminate({ status_code: 480 });
      throw error;
    }
    this.#session.answer({ mediaStream: this.localStream });
    this.#show();
  }

  hangup({ cause } = {}) {
    if (!this.#session) {
      this.#end("Canceled");
    } else if (!this.isEnded) {
      this.#session.terminate(cause === "CALL_REJECTED" ? { status_code: 603, reason_phrase: "Decline" } : undefined);
    }
  }

  async dtmf(digits) {
    this.#session.sendDTMF(digits, { transportType: "RFC2833" });
  }

  toggleHold() {
    return this.#done((done) => (this.#session.isOnHold().local ? this.#session.unhold({}, done) : this.#session.hold({}, done)));
  }

  hold() {
    return this.#session.isOnHold().local ? Promise.resolve() : this.toggleHold();
  }

  unhold() {
    return this.#session.isOnHold().local ? this.toggleHold() : Promise.resolve();
  }

  /** REFER: the other side calls the new number, then this call ends. */
  transfer(destination) {
    return new Promise((resolve, reject) => {
      this.#session.refer(destination, {
        eventHandlers: {
          accepted: () => {
            resolve();
            this.hangup();
          },
          failed: ({ status_line: line }) => reject(new Error(`Transfer failed: ${line?.reason_phrase ?? "no reason given"}`)),
          requestFailed: ({ cause }) => reject(new Error(`Transfer failed: ${cause}`)),
        },
      });
    });
  }

  setMute() {
    this.#muted = !this.#muted;
    this.#muted ? this.#session.mute({ audio: true }) : this.#session.unmute({ audio: true });
    return !this.#muted;
  }

  getMute() {
    return !this.#muted;
  }

  async setVideo(on) {
    const track = on ? (await capture({ useMic: false, useVideo: true })).getVideoTracks()[0] : null;
    (await this.#sendVideo(track))?.stop();
  }

  async shareScreen() {
    const track = (await captureScreen()).getVideoTracks()[0];
    track.addEventListener("ended", () => this.stopScreenShare());
    this.#camera = await this.#sendVideo(track);
    this.screenShare = true;
  }

  async stopScreenShare() {
    if (this.screenShare) {
      this.screenShare = false;
      (await this.#sendVideo(this.#camera))?.stop();
      this.#camera = null;
      this.#client.changed(this);
    }
  }

  setTag() {
    this.#show();
  }

  async #sendVideo(track) {
    const old = this.localStream.getVideoTracks()[0] ?? null;
    const connection = this.peerConnection;
    const transceiver = connection.getTransceivers().find((one) => one.receiver.track.kind === "video" && !one.stopped);
    const direction = track ? "sendrecv" : "recvonly";
    if (transceiver) {
      await transceiver.sender.replaceTrack(track);
    }
    if (!transceiver || transceiver.currentDirection !== direction) {
      transceiver ? (transceiver.direction = direction) : connection.addTransceiver(track, { direction });
      await this.#done((done) => this.#session.renegotiate({}, done));
    }
    if (old) {
      this.localStream.removeTrack(old);
    }
    if (track) {
      this.localStream.addTrack(track);
    }
    this.#show();
    return old;
  }

  /** JsSIP says false when the moment is wrong, and calls back when the other side has agreed. */
  #done(start) {
    return new Promise((resolve, reject) => {
      if (!start(resolve)) {
        reject(new Error("Not now: another change of the call is under way."));
      }
    });
  }

  #watch(connection) {
    connection.addEventListener("track", ({ track }) => {
      this.remoteStream.getTracks().filter((old) => old.kind === track.kind).forEach((old) => this.remoteStream.removeTrack(old));
      this.remoteStream.addTrack(track);
      this.#show();
      this.#client.changed(this);
    });
  }

  #show() {
    show(resolveElement("far"), this.remoteStream);
    show(resolveElement("near"), this.localStream?.getVideoTracks().length ? this.localStream : null);
  }

  #talking() {
    this.answeredAt ??= Date.now();
    this.#set(this.#session.isOnHold().local ? "held" : "active");
  }

  #set(name) {
    if (!this.isEnded && this.state.name !== name) {
      this.state = state(name);
      this.#client.changed(this);
    }
  }

  #end(cause) {
    this.cause = causes[cause] ?? cause;
    this.#release();
    this.#client.forget(this);
    this.#set("destroy");
  }

  #release() {
    this.localStream?.getTracks().forEach((track) => track.stop());
    this.#camera?.stop();
  }
}

export class SipClient {
  #ua;
  #callbacks;
  #refused = false;

  dialogs = {};

  constructor(JsSIP, { server, login, password }, callbacks) {
    this.#callbacks = callbacks;
    const number = login.split("@")[0];
    this.#ua = new JsSIP.UA({ sockets: [new JsSIP.WebSocketInterface(server)], uri: `sip:${login}`, password, display_name: number, register: true, session_timers: true });
    this.#ua.on("registered", () => callbacks.onWSLogin(this, true));
    this.#ua.on("registrationFailed", ({ cause, response }) => {
      // Wrong credentials do not become right by trying again.
      if (response && !this.#refused) {
        this.#refused = true;
        callbacks.onWSLogin(this, false, new Error(cause));
      }
    });
    this.#ua.on("disconnected", () => callbacks.onWSClose(this));
    this.#ua.on("newRTCSession", ({ originator, session }) => originator === "remote" && this.#incoming(session));
    this.#ua.on("newMessage", ({ originator, message, request }) => {
      if (originator === "remote") {
        message.accept();
        callbacks.onMessage(this, null, "info", { from: request.from.uri.toString().replace(/^sip:/, ""), body: request.body });
      }
    });
    this.#ua.start();
  }

  socketReady() {
    return this.#ua.isRegistered();
  }

  newCall({ destination_number: number, ...devices }) {
    const call = this.#add(new SipCall(this, "outbound", { remote_caller_id_number: number }));
    call.place(this.#ua, devices);
    return call;
  }

  message({ to, body }) {
    return new Promise((resolve, reject) => {
      this.#ua.sendMessage(`sip:${to}`, body, { eventHandlers: { succeeded: resolve, failed: ({ cause }) => reject(new Error(cause)) } });
    });
  }

  logout() {
    this.#ua.stop();
  }

  changed(call) {
    this.#callbacks.onDialogState(call);
  }

  forget(call) {
    delete this.dialogs[call.callID];
  }

  #incoming(session) {
    const { display_name: name, uri } = session.remote_identity;
    const call = new SipCall(this, "inbound", { remote_caller_id_name: name, remote_caller_id_number: uri.user });
    call.bind(session);
    this.#add(call);
  }

  #add(call) {
    this.dialogs[call.callID] = call;
    this.changed(call);
    return call;
  }
}
