// One RTCPeerConnection with its local tracks: offers, answers and renegotiates, and knows nothing of calls.
import { preferCodecs, withStereo } from "./media.js";

export class Peer {
  #pc;
  #stereo;
  #codecs;
  #gatherLimitMs;

  /**
   * @param {{iceServers?: RTCIceServer[], stereo?: boolean, audioCodecs?: string[], videoCodecs?: string[],
   *          remoteStream(stream: MediaStream): void, connectionState(state: RTCPeerConnectionState): void}} options
   */
  constructor(options) {
    this.#stereo = options.stereo;
    this.#codecs = { audio: options.audioCodecs, video: options.videoCodecs };
    // Relay candidates need a server's answer; host candidates are there at once.
    this.#gatherLimitMs = options.iceServers?.length ? 2000 : 500;
    this.#pc = new RTCPeerConnection({ iceServers: options.iceServers ?? [], bundlePolicy: "max-bundle" });
    this.remoteStream = new MediaStream();
    this.#pc.ontrack = ({ track }) => {
      // One stream for the element whatever the msid lines say; a track that comes later replaces the one of its kind.
      for (const old of this.remoteStream.getTracks()) {
        if (old.kind === track.kind && old !== track) {
          this.remoteStream.removeTrack(old);
        }
      }
      this.remoteStream.addTrack(track);
      options.remoteStream(this.remoteStream);
    };
    this.#pc.onconnectionstatechange = () => options.connectionState(this.#pc.connectionState);
  }

  get connection() {
    return this.#pc;
  }

  get hasAnswer() {
    return this.#pc.signalingState === "stable" && this.#pc.remoteDescription !== null;
  }

  /** The complete offer for a stream: its tracks, a listening audio line if it has no microphone. */
  async offer(stream) {
    this.#send(stream);
    if (!this.#transceiver("audio")) {
      this.#pc.addTransceiver("audio", { direction: "recvonly" });
    }
    this.#prefer();
    return this.#local();
  }

  /** Applies the server's offer and returns the complete answer, sending a stream's tracks where the offer has room for them. */
  async answer(sdp, stream) {
    await this.#pc.setRemoteDescription({ type: "offer", sdp: this.#tune(sdp) });
    if (stream) {
      this.#send(stream);
    }
    this.#prefer();
    return this.#local();
  }

  async setAnswer(sdp) {
    await this.#pc.setRemoteDescription({ type: "answer", sdp: this.#tune(sdp) });
  }

  /**
   * Makes a new offer in a running call, after `change` has changed tracks, and applies the answer that `exchange` brings.
   * When the exchange fails the offer is taken back, so that the call goes on as it was.
   */
  async renegotiate(exchange) {
    this.#prefer();
    try {
      await this.setAnswer(await exchange(await this.#local()));
    } catch (error) {
      if (this.#pc.signalingState === "have-local-offer") {
        await this.#pc.setLocalDescription({ type: "rollback" });
      }
      throw error;
    }
  }

  /**
   * Sends a track instead of the one of its kind, or none.
   * @returns {Promise<boolean>} whether the far side has to be told by a renegotiation.
   */
  async replaceTrack(kind, track) {
    const transceiver = this.#transceiver(kind);
    if (!transceiver) {
      if (track) {
        this.#pc.addTransceiver(track, { direction: "sendrecv" });
      }
      return Boolean(track);
    }
    await transceiver.sender.replaceTrack(track);
    const direction = track ? "sendrecv" : "recvonly";
    const changes = transceiver.direction !== direction || transceiver.currentDirection !== direction;
    transceiver.direction = direction;
    return changes;
  }

  /** Whether an offer is about the transport that is up: then it is a renegotiation, else a new connection has to be made. */
  continues(sdp) {
    const of = (text, name) => new RegExp(`^a=${name}:(.+?)\\r?$`, "m").exec(text ?? "")?.[1];
    const now = this.#pc.currentRemoteDescription?.sdp;
    return this.#pc.connectionState === "connected" && Boolean(now)
      && of(now, "ice-ufrag") === of(sdp, "ice-ufrag") && of(now, "fingerprint") === of(sdp, "fingerprint");
  }

  stats() {
    return this.#pc.getStats();
  }

  close() {
    this.#pc.ontrack = this.#pc.onconnectionstatechange = null;
    this.#pc.close();
  }

  #transceiver(kind) {
    return this.#pc.getTransceivers().find((t) => !t.stopped && (t.sender.track?.kind ?? t.receiver.track?.kind) === kind && t.direction !== "stopped");
  }

  #send(stream) {
    for (const track of [...stream.getAudioTracks(), ...stream.getVideoTracks()]) {
      this.#pc.addTrack(track, stream);
    }
  }

  #prefer() {
    for (const kind of ["audio", "video"]) {
      const transceiver = this.#transceiver(kind);
      if (transceiver) {
        preferCodecs(transceiver, kind, this.#codecs[kind]);
      }
    }
  }

  #tune(sdp) {
    return this.#stereo ? withStereo(sdp) : sdp;
  }

  async #local() {
    await this.#pc.setLocalDescription();
    await this.#gathered();
    return this.#tune(this.#pc.localDescription.sdp);
  }

  /**
   * Verto has no trickle ICE: the description goes out once. The engine answers checks from wherever they come, so nothing is lost
   * when gathering hangs on a dead interface or STUN server and is cut short.
   */
  #gathered() {
    const pc = this.#pc;
    if (pc.iceGatheringState === "complete") {
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const done = () => {
        if (pc.iceGatheringState === "complete") {
          finish();
        }
      };
      const timer = setTimeout(finish, this.#gatherLimitMs);
      function finish() {
        clearTimeout(timer);
        pc.removeEventListener("icegatheringstatechange", done);
        resolve();
      }
      pc.addEventListener("icegatheringstatechange", done);
    });
  }
}
