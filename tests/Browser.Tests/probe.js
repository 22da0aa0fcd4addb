// Runs before each page: the microphone speaks a known tone, the screen is a plain colour, and what the page receives can be asked for.
(() => {
  const settings = window.__probeSettings ?? { hz: 440, screen: "#0000ff" };
  const probe = (window.probe = { settings, peers: [], sockets: [], errors: [] });
  addEventListener("error", (event) => probe.errors.push(String(event.message)));
  addEventListener("unhandledrejection", (event) => probe.errors.push(String(event.reason?.message ?? event.reason)));

  let audio = null;
  const context = () => (audio ??= new AudioContext({ sampleRate: 48000 }));

  const microphone = () => {
    const tone = context().createOscillator();
    tone.frequency.value = settings.hz;
    const gain = context().createGain();
    gain.gain.value = 0.5;
    const out = context().createMediaStreamDestination();
    tone.connect(gain).connect(out);
    tone.start();
    return out.stream.getAudioTracks()[0];
  };

  const devices = navigator.mediaDevices;
  if (devices) {
    const real = devices.getUserMedia.bind(devices);
    devices.getUserMedia = async (wanted) => {
      const stream = wanted.video ? await real({ video: wanted.video }) : new MediaStream();
      if (wanted.audio) {
        stream.addTrack(microphone());
      }
      return stream;
    };
    devices.getDisplayMedia = async () => {
      const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 360 });
      const g = canvas.getContext("2d");
      let n = 0;
      setInterval(() => {
        g.fillStyle = settings.screen;
        g.fillRect(0, 0, 640, 360);
        g.fillStyle = "#fff";
        g.fillRect((n++ * 7) % 640, 0, 8, 8);   // something moves, or the encoder has nothing to send
      }, 66);
      return canvas.captureStream(15);
    };
  }

  const Native = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Native {
    constructor(...args) {
      super(...args);
      const peer = { pc: this, analyser: null };
      probe.peers.push(peer);
      this.addEventListener("track", ({ track }) => {
        if (track.kind === "audio") {
          const stream = new MediaStream([track]);
          // Chromium decodes only what an element or a context pulls.
          const sink = Object.assign(new Audio(), { srcObject: stream, muted: true });
          sink.play().catch(() => {});
          peer.sink = sink;
          peer.analyser = context().createAnalyser();
          peer.analyser.fftSize = 16384;
          context().createMediaStreamSource(stream).connect(peer.analyser);
        }
      });
    }
  };

  // With a bad network between: the engine's candidates are replaced by the proxy's port, asked for by the engine's.
  const setRemote = Native.prototype.setRemoteDescription;
  Native.prototype.setRemoteDescription = async function (description) {
    let { type, sdp } = description;
    if (window.probeProxy) {
      const candidate = /^(a=candidate:\S+ 1 udp \d+) (\S+) (\d+) typ host/gim;
      for (const [line, head, address, port] of sdp.matchAll(candidate)) {
        const through = await window.probeProxy(address, Number(port));
        sdp = sdp.replaceAll(line, through ? `${head} 127.0.0.1 ${through} typ host` : "a=x-unreachable");
      }
    }
    return setRemote.call(this, { type, sdp });
  };

  const NativeSocket = window.WebSocket;
  window.WebSocket = class extends NativeSocket {
    constructor(...args) {
      super(...args);
      probe.sockets.push(this);
    }
  };

  const live = () => probe.peers.filter((peer) => peer.pc.connectionState === "connected").at(-1);

  const samples = () => {
    const analyser = live()?.analyser;
    const block = new Float32Array(16384);
    analyser?.getFloatTimeDomainData(block);
    return block;
  };

  /** Loudness of the last third of a second of what is received, 0..1. */
  probe.level = () => {
    const block = samples();
    return Math.sqrt(block.reduce((sum, x) => sum + x * x, 0) / block.length);
  };

  /** Share of a frequency in it, 0..1, by Goertzel. */
  probe.share = (hz) => {
    const block = samples();
    const coefficient = 2 * Math.cos((2 * Math.PI * hz) / 48000);
    let s1 = 0, s2 = 0, energy = 0;
    for (const x of block) {
      [s1, s2] = [x + coefficient * s1 - s2, s1];
      energy += x * x;
    }
    return energy < 1e-4 ? 0 : (s1 * s1 + s2 * s2 - coefficient * s1 * s2) / ((energy * block.length) / 2);
  };

  /** Of the live connection: counters of what is received, and the codec of sound. */
  probe.stats = async () => {
    const found = { framesDecoded: 0, framesSent: 0, packetsReceived: 0, packetsLost: 0, audioCodec: "", videoCodec: "", nack: 0, pli: 0 };
    const stats = (await live()?.pc.getStats()) ?? new Map();
    for (const report of stats.values()) {
      const codec = stats.get(report.codecId)?.mimeType?.split("/")[1] ?? "";
      if (report.type === "inbound-rtp" && report.kind === "audio") {
        Object.assign(found, { packetsReceived: report.packetsReceived, audioCodec: codec });
      } else if (report.type === "inbound-rtp") {
        Object.assign(found, { framesDecoded: report.framesDecoded ?? 0, packetsLost: report.packetsLost ?? 0, videoCodec: codec, nack: report.nackCount ?? 0, pli: report.pliCount ?? 0 });
      } else if (report.type === "outbound-rtp" && report.kind === "video") {
        found.framesSent = report.framesSent ?? 0;
      }
    }
    return found;
  };

  /** Colour in the middle of an element's picture, [red, green, blue]. */
  probe.colour = (id) => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 8, height: 8 });
    const g = canvas.getContext("2d");
    g.drawImage(document.getElementById(id), 0, 0, 8, 8);
    return [...g.getImageData(4, 4, 1, 1).data].slice(0, 3);
  };
})();
