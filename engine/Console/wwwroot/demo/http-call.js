// One WHIP, WHEP or WHXP session: an offer goes out by POST, the answer comes back, DELETE ends it.

/** What the server said instead of 201. `cause` is the engine's word for it, such as USER_BUSY. */
export class HttpCallError extends Error {
  constructor(status, problem) {
    super(problem.detail ?? problem.title ?? `The server answered ${status}.`);
    this.status = status;
    this.cause = problem.cause ?? null;
  }
}

export class HttpCall {
  #pc;
  #token;
  #session = null;
  #ended = false;
  #callbacks;

  /** @param {{token?: string, onStream?(stream: MediaStream): void, onState?(state: RTCPeerConnectionState): void}} options */
  constructor({ token, ...callbacks }) {
    this.#token = token;
    this.#callbacks = callbacks;
    this.remoteStream = new MediaStream();
    this.#pc = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
    this.#pc.ontrack = ({ track }) => {
      this.remoteStream.addTrack(track);
      this.#callbacks.onStream?.(this.remoteStream);
    };
    this.#pc.onconnectionstatechange = () => this.#changed(this.#pc.connectionState);
  }

  get connection() {
    return this.#pc;
  }

  /** Sends a track; `direction` is sendonly for WHIP, sendrecv for WHXP. */
  send(track, stream, direction) {
    return this.#pc.addTransceiver(track, { direction, streams: [stream] });
  }

  receive(kind) {
    return this.#pc.addTransceiver(kind, { direction: "recvonly" });
  }

  /** Makes the call. Resolves when the answer is applied. */
  async start(url) {
    await this.#pc.setLocalDescription();
    await this.#gathered();
    const response = await fetch(url, { method: "POST", headers: this.#headers({ "Content-Type": "application/sdp" }), body: this.#pc.localDescription.sdp });
    const text = await response.text();
    if (response.status !== 201) {
      this.#close();
      throw new HttpCallError(response.status, parse(text));
    }
    // Relative to the URL that answered, as any Location.
    this.#session = new URL(response.headers.get("Location") ?? "", response.url).href;
    if (this.#ended) {
      return this.#delete();
    }
    await this.#pc.setRemoteDescription({ type: "answer", sdp: text });
    return undefined;
  }

  /** Sends a key: as an RTP event where both sides have them, else by HTTP. */
  async dtmf(digit) {
    const sender = this.#pc.getSenders().find((one) => one.track?.kind === "audio");
    if (sender?.dtmf?.canInsertDTMF) {
      sender.dtmf.insertDTMF(digit, 160, 60);
    } else if (this.#session) {
      await fetch(`${this.#session}/dtmf`, { method: "POST", headers: this.#headers({ "Content-Type": "application/json" }), body: JSON.stringify({ digits: digit }) });
    }
  }

  /** Ends the session on both sides. */
  async stop() {
    if (!this.#ended) {
      this.#close();
      await this.#delete();
    }
  }

  #changed(state) {
    this.#callbacks.onState?.(state);
    if (state === "failed" || state === "closed") {
      this.stop();
    }
  }

  #close() {
    this.#ended = true;
    this.#pc.close();
    this.#callbacks.onState?.("closed");
  }

  async #delete() {
    const session = this.#session;
    this.#session = null;
    if (session) {
      await fetch(session, { method: "DELETE", headers: this.#headers({}), keepalive: true }).catch(() => {});
    }
  }

  #headers(own) {
    return this.#token ? { ...own, Authorization: `Bearer ${this.#token}` } : own;
  }

  // The engine answers checks from wherever they come, so candidates are a courtesy: waiting for them is bounded.
  #gathered() {
    return new Promise((resolve) => {
      const done = () => this.#pc.iceGatheringState === "complete" && resolve();
      this.#pc.addEventListener("icegatheringstatechange", done);
      setTimeout(resolve, 250);
      done();
    });
  }
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
