/** WebRTC without network and devices: the other end is the test. */

/** A data channel. */
class Channel {
  readyState = 'connecting';
  bufferedAmount = 0;
  /** @type {any[]} What was sent, JSON decoded. */
  sent = [];

  send(text) {
    this.sent.push(JSON.parse(text));
  }
  close() {
    this.readyState = 'closing';
  }
  open() {
    this.readyState = 'open';
    this.onopen();
  }
  message(message) {
    this.onmessage({ data: JSON.stringify(message) });
  }
  /** Both sides have closed it. */
  closed() {
    this.readyState = 'closed';
    this.onclose();
  }
}

/** A connection whose other end is the test. */
export class Peer {
  connectionState = 'new';
  iceGatheringState = 'complete';
  localDescription = null;
  remoteDescription = null;
  closed = false;
  channel = new Channel();

  addTransceiver(microphone, { direction }) {
    this.direction = direction;
    this.microphone = microphone;
    return { sender: { replaceTrack: async (track) => void (this.microphone = track) } };
  }
  createDataChannel(label) {
    this.channel.label = label;
    return this.channel;
  }
  async setLocalDescription() {
    this.localDescription = { type: 'offer', sdp: 'the offer' };
  }
  async setRemoteDescription(description) {
    this.remoteDescription = description;
  }
  becomes(state) {
    this.connectionState = state;
    this.onconnectionstatechange();
  }
  close() {
    this.closed = true;
  }
}

/** A server that answers every offer, until it is told otherwise. */
export function makeCalls({ setTimer }) {
  const peers = [];
  const requests = [];
  const server = { status: 201, headers: {}, reachable: true };
  const surroundings = {
    makePeer: () => {
      peers.push(new Peer());
      return peers.at(-1);
    },
    fetch: async (url, request) => {
      requests.push({ url, ...request });
      if (!server.reachable) throw new TypeError('fetch failed');
      return new Response('the answer', server);
    },
    setTimer,
  };
  return { surroundings, peers, requests, server, peer: () => peers.at(-1) };
}

/** Until what was promised has happened. */
export const settled = () => new Promise((resolve) => setImmediate(resolve));

/** An audio element, and the receiver whose sound it plays. */
export function makeSound({ now, setTimer, clearTimer }) {
  const player = { muted: false, srcObject: null, playing: false, held: false };
  player.play = async () => {
    if (player.held) throw Object.assign(new Error('a gesture is needed'), { name: 'NotAllowedError' });
    player.playing = true;
  };
  player.pause = () => void (player.playing = false);
  const receiver = { track: 'the track', sources: [], getSynchronizationSources: () => receiver.sources };
  const tap = { muted: false, level: 0, output: 'a node', closed: 0, wake: async () => {}, close: () => void tap.closed++ };
  /** This time stamp sounds. */
  const sounds = (rtpTimestamp, level = 0.5) => {
    receiver.sources = [{ rtpTimestamp }];
    tap.level = level;
  };
  const made = { makePlayer: () => player, makeStream: (track) => [track], makeTap: () => tap };
  const surroundings = { ...made, now, setTimer, clearTimer };
  return { tap, player, receiver, sounds, surroundings };
}
