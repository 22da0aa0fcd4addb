// One call: its state, its signalling, and what a page can do with it.
import { capture, captureScreen, resolveElement, show } from "./media.js";
import { Peer } from "./peer.js";

const names = ["new", "requesting", "trying", "recovering", "ringing", "answering", "early", "active", "held", "hangup", "destroy", "purge"];

/** States of a dialog; each has a `name` and the `val` of the classic library's table. */
export const State = Object.freeze(Object.fromEntries(names.map((name, val) => [name, Object.freeze({ name, val })])));
export const Direction = Object.freeze({ inbound: Object.freeze({ name: "inbound", val: 0 }), outbound: Object.freeze({ name: "outbound", val: 1 }) });

// What may follow what. "purge" and "destroy" may follow anything: the connection can be lost at any time.
const allowed = {
  new: ["requesting", "recovering", "ringing", "answering", "hangup"],
  requesting: ["trying", "early", "active", "hangup"],
  trying: ["early", "active", "hangup"],
  recovering: ["answering", "hangup"],
  ringing: ["answering", "hangup"],
  answering: ["active", "hangup"],
  early: ["active", "hangup"],
  active: ["held", "recovering", "hangup"],
  held: ["active", "recovering", "hangup"],
  hangup: [],
  destroy: [],
  purge: [],
};

const ended = new Set([State.hangup, State.destroy, State.purge]);

export class Dialog {
  #verto;
  #callbacks;
  #peer = null;
  #queue = Promise.resolve();
  #known;                     // whether the server knows of this call: then its end is told
  #attachSdp = null;
  #ownsStream = true;
  #camera = null;             // the track that the screen stands in for
  #sound = null;
  #muted = { audio: false, video: false };

  constructor(verto, direction, params, callbacks = {}) {
    this.#verto = verto;
    this.#callbacks = callbacks;
    this.#known = direction === Direction.inbound;
    this.callID = params.callID;
    this.direction = direction;
    this.params = params;
    this.state = this.lastState = State.new;
    this.cause = null;
    this.causeCode = null;
    this.localStream = null;
    this.screenShare = false;
    this.answeredAt = null;
  }

  // What the page asks for

  /** Takes an incoming call. @param {object} [opts] as for newCall: useVideo, useMic, useCamera, useStream … */
  answer(opts = {}) {
    return this.#do(async () => {
      if (this.state !== State.ringing) {
        return;
      }
      Object.assign(this.params, opts);
      await this.#accept("verto.answer", this.#attachSdp);
    });
  }

  /** Ends the call, whatever its state. @param {{cause?: string, causeCode?: number}} [params] */
  hangup({ cause = "NORMAL_CLEARING", causeCode } = {}) {
    if (ended.has(this.state)) {
      return;
    }
    this.cause = cause;
    this.causeCode = causeCode ?? null;
    if (this.#known) {
      // Both sides may hang up at once; "CALL DOES NOT EXIST" is then no error.
      this.#request("verto.bye", { cause, causeCode }).catch(() => {});
    }
    this.#end();
  }

  /** Sends keys. @param {string} digits 0-9 * # A-D, w waits half a second */
  dtmf(digits) {
    return this.#request("verto.info", { dtmf: String(digits) });
  }

  /** Text within the call: to the script or the other side that handles it. */
  message({ to = this.params.remote_caller_id_number, body }) {
    return this.#request("verto.info", { msg: { from: this.params.login, to, body, inDialog: true } });
  }

  hold(opts) {
    return this.#modify("hold", opts);
  }

  unhold(opts) {
    return this.#modify("unhold", opts);
  }

  toggleHold(opts) {
    return this.#modify("toggleHold", opts);
  }

  /** Sends the other side to another number; this call ends. */
  transfer(destination, opts) {
    return this.#modify("transfer", { destination, ...opts });
  }

  /** Attended transfer: the other sides of this call and of that one talk to each other; both calls end. */
  replace(replaceCallID, opts) {
    return this.#modify("replace", { replaceCallID: replaceCallID?.callID ?? replaceCallID, ...opts });
  }

  /** @param {"on"|"off"|"toggle"} what "on" lets the microphone through, "off" mutes it. @returns whether it is let through */
  setMute(what) {
    return this.#setMuted("audio", what);
  }

  /** Whether the microphone is let through (the word of the classic library: "on" means not muted). */
  getMute() {
    return !this.#muted.audio;
  }

  setVideoMute(what) {
    return this.#setMuted("video", what);
  }

  getVideoMute() {
    return !this.#muted.video;
  }

  /** Adds the camera to the call or takes it away, in mid-call. */
  setVideo(on) {
    return this.#do(async () => {
      const current = this.#localTrack("video");
      if (this.screenShare || Boolean(current) === on) {
        return;
      }
      const track = on ? (await capture({ ...this.params, useMic: false, useVideo: true })).getVideoTracks()[0] : null;
      await this.#sendVideo(track, () => current?.stop());
      this.params.useVideo = on;
      this.#verto._remember(this);
    });
  }

  /** Shows the screen instead of the camera. @param {MediaStream} [stream] instead of the browser's question */
  shareScreen(stream) {
    return this.#do(async () => {
      if (this.screenShare) {
        return;
      }
      const track = (stream ?? (await captureScreen())).getVideoTracks()[0];
      const camera = this.#localTrack("video");
      await this.#sendVideo(track);
      this.#camera = camera;
      this.screenShare = true;
      track.addEventListener("ended", () => this.stopScreenShare());   // the browser's own "stop sharing"
      this.#notify();
    });
  }

  stopScreenShare() {
    return this.#do(async () => {
      if (!this.screenShare) {
        return;
      }
      const screen = this.#localTrack("video");
      this.screenShare = false;
      await this.#sendVideo(this.#camera, () => screen?.stop());
      this.#camera = null;
      this.#notify();
    });
  }

  /** Changes devices in mid-call. @param {{useMic?: string, useCamera?: string, useSpeak?: string}} devices */
  setDevices(devices) {
    return this.#do(async () => {
      Object.assign(this.params, devices);
      const wants = { useMic: devices.useMic ?? false, useVideo: Boolean(devices.useCamera && this.#localTrack("video") && !this.screenShare) };
      const fresh = await capture({ ...this.params, ...wants });
      for (const track of fresh.getTracks()) {
        const old = this.#localTrack(track.kind);
        await this.#peer.replaceTrack(track.kind, track);
        this.#swapLocal(old, track);
        old?.stop();
      }
      if (devices.useSpeak) {
        this.#show();
      }
    });
  }

  /** Shows the picture and sound of the call elsewhere from now on. */
  setTag(tag, localTag = this.params.localTag) {
    Object.assign(this.params, { tag, localTag });
    this.#show();
  }

  get remoteStream() {
    return this.#peer?.remoteStream ?? null;
  }

  /** The RTCPeerConnection, for statistics; null before and after the call. */
  get peerConnection() {
    return this.#peer?.connection ?? null;
  }

  get isEnded() {
    return ended.has(this.state);
  }

  // What the client of this module calls

  /** @internal Places the call. */
  _invite() {
    return this.#do(async () => {
      this.#setState(State.requesting);
      const stream = await this.#open();
      if (this.isEnded) {
        return;
      }
      const sdp = await this.#newPeer().offer(stream);
      if (this.isEnded) {
        return;
      }
      this.#known = true;
      await this.#request("verto.invite", { sdp });
      // The server may have gone further while the promise waited for its turn.
      if (this.state === State.requesting) {
        this.#setState(State.trying);
      }
    });
  }

  /** @internal An incoming call rings. */
  _ring(sdp) {
    this.#attachSdp = sdp;
    this.#setState(State.ringing);
  }

  /** @internal The engine offers anew: after a reload or a lost connection, or to change media in mid-call. */
  _attach(sdp) {
    return this.#do(async () => {
      if (this.#peer?.continues(sdp)) {
        const answer = await this.#peer.answer(sdp);
        await this.#request("verto.attach", { sdp: answer });
        return;
      }
      this.#setState(State.recovering);
      await this.#accept("verto.attach", sdp);
    });
  }

  /** @internal The connection is lost: an answered call waits for the next one, the others cannot be finished. */
  _connectionLost() {
    if (this.state !== State.active && this.state !== State.held) {
      this.#known = false;
      this.hangup({ cause: "NETWORK_OUT_OF_ORDER", causeCode: 38 });
    }
  }

  /** @internal A request of the server about this call. */
  _handle(method, params) {
    switch (method) {
      case "verto.media":
        return this.#progress(params, State.early);
      case "verto.answer":
        return this.#progress(params, State.active);
      case "verto.bye":
        return this.#byeReceived(params);
      case "verto.display":
        this.params.remote_caller_id_name = params.display_name ?? this.params.remote_caller_id_name;
        this.params.remote_caller_id_number = params.display_number ?? this.params.remote_caller_id_number;
        return this.#message("display", params);
      case "verto.info":
        return this.#message("info", params.msg ?? params.txt ?? params);
      default:
        return this.#message("pvtEvent", { method, ...params });
    }
  }

  /** @internal The client gives up the connection and all its calls. */
  _purge() {
    this.#end(State.purge);
  }

  // Signalling

  #request(method, params = {}) {
    const { tag, localTag, useStream, iceServers, ...plain } = this.params;   // elements, streams and keys of relays stay here
    return this.#verto.request(method, { ...params, dialogParams: plain });
  }

  async #modify(action, params) {
    const result = await this.#request("verto.modify", { action, ...params }).catch((error) => {
      this.#holdState(error.data?.holdState);
      throw error;
    });
    this.#holdState(result.holdState);
    return result;
  }

  #holdState(holdState) {
    const next = { held: State.held, active: State.active }[holdState];
    if (next && (this.state === State.active || this.state === State.held)) {
      this.#setState(next);
      this.#applyMute();
    }
  }

  #progress({ sdp }, state) {
    return this.#do(async () => {
      if (this.isEnded || this.state === State.active) {
        return;
      }
      if (sdp && !this.#peer.hasAnswer) {
        await this.#peer.setAnswer(sdp);
      }
      this.#setState(state);
    });
  }

  async #accept(method, sdp) {
    this.#setState(State.answering);
    const stream = await this.#open();
    if (this.isEnded) {
      return;
    }
    this.#peer?.close();
    const answer = await this.#newPeer().answer(sdp, stream);
    if (this.isEnded) {
      return;
    }
    await this.#request(method, { sdp: answer });
    this.#setState(State.active);
  }

  #byeReceived({ cause, causeCode }) {
    this.cause = cause ?? "NORMAL_CLEARING";
    this.causeCode = causeCode ?? null;
    this.#known = false;
    this.#end();
  }

  // One thing after the other: answers, offers and track changes of one connection must not overlap.
  #do(work) {
    const done = this.#queue.then(() => (this.isEnded ? undefined : work()));
    this.#queue = done.catch((error) => this.#failed(error));
    return done;
  }

  #failed(error) {
    if (!this.isEnded && ![State.active, State.held].includes(this.state)) {
      this.error = error;
      // An invite that the server refused left no call behind; everything else did.
      const refused = error.name === "RpcError" && (this.state === State.requesting || this.state === State.answering);
      this.#known &&= !refused;
      const cause = error.data?.cause ?? (error.name === "RpcError" ? "NORMAL_TEMPORARY_FAILURE" : "INCOMPATIBLE_DESTINATION");
      this.hangup({ cause, causeCode: error.data?.causeCode });
    }
  }

  // Media

  async #open() {
    const given = this.params.useStream;
    if (given) {
      this.#ownsStream = false;
      this.localStream = given;
    } else if (!this.localStream) {
      this.localStream = await capture(this.params);
    }
    if (this.isEnded) {
      this.#stopTracks();
      return null;
    }
    this.#applyMute();
    show(resolveElement(this.params.localTag), this.localStream.getVideoTracks().length > 0 ? this.localStream : null);
    return this.localStream;
  }

  #newPeer() {
    const { iceServers, useStereo, audioCodecs, videoCodecs } = this.params;
    const peer = new Peer({
      // `true` asks for the browser's way through NAT; the engine is reached by its own candidates, so no STUN server is needed for it.
      iceServers: Array.isArray(iceServers) ? iceServers : [],
      stereo: useStereo,
      audioCodecs,
      videoCodecs,
      remoteStream: () => this.#show(),
      connectionState: (state) => {
        if (this.#peer === peer) {
          this.#callbacks.onPeerState?.(this, state);
        }
      },
    });
    this.#peer = peer;
    return peer;
  }

  #show() {
    const stream = this.remoteStream;
    if (stream) {
      const element = resolveElement(this.params.tag) ?? (this.#sound ??= new Audio());
      show(element, stream, this.params.useSpeak);
      this.#callbacks.onRemoteStream?.(this, stream);
    }
  }

  async #sendVideo(track, afterwards = () => {}) {
    const old = this.#localTrack("video");
    const tell = await this.#peer.replaceTrack("video", track);
    if (tell) {
      try {
        await this.#peer.renegotiate(async (sdp) => (await this.#request("verto.modify", { action: "updateMedia", sdp })).sdp);
      } catch (error) {
        await this.#peer.replaceTrack("video", old ?? null);
        track?.stop();
        throw error;
      }
    }
    this.#swapLocal(old, track);
    afterwards();
    show(resolveElement(this.params.localTag), track ? this.localStream : null);
  }

  #swapLocal(old, track) {
    if (old) {
      this.localStream.removeTrack(old);
    }
    if (track) {
      this.localStream.addTrack(track);
    }
    this.#applyMute();
  }

  #localTrack(kind) {
    return this.localStream?.getTracks().find((track) => track.kind === kind) ?? null;
  }

  #setMuted(kind, what) {
    const muted = what === "toggle" ? !this.#muted[kind] : what === "off";
    this.#muted[kind] = muted;
    this.#applyMute();
    return !muted;
  }

  #applyMute() {
    for (const track of this.localStream?.getTracks() ?? []) {
      // On hold nobody is to hear or see this side, whatever the server does with what comes.
      track.enabled = this.state !== State.held && !this.#muted[track.kind];
    }
  }

  #stopTracks() {
    if (this.#ownsStream) {
      this.localStream?.getTracks().forEach((track) => track.stop());
    }
    this.#camera?.stop();
  }

  // State

  #setState(next) {
    if (next === this.state || !(allowed[this.state.name].includes(next.name) || next === State.destroy || next === State.purge)) {
      return;
    }
    this.lastState = this.state;
    this.state = next;
    if (next === State.active) {
      this.answeredAt ??= Date.now();
    }
    this.#notify();
  }

  #notify() {
    this.#callbacks.onDialogState?.(this);
  }

  #message(kind, data) {
    this.#callbacks.onMessage?.(this.#verto, this, kind, data);
  }

  #end(state = State.hangup) {
    if (this.isEnded) {
      return;
    }
    this.#setState(state);
    this.#stopTracks();
    this.#peer?.close();
    this.#peer = null;
    for (const tag of [this.params.tag, this.params.localTag]) {
      const element = resolveElement(tag);
      if (element?.srcObject) {
        element.srcObject = null;
      }
    }
    this.#verto._forget(this);
    this.#setState(State.destroy);
  }
}
