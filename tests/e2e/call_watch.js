/** Runs in the page, before it: tells the test what goes over data channels. */

const { createDataChannel } = RTCPeerConnection.prototype;

RTCPeerConnection.prototype.createDataChannel = function (...wanted) {
  const channel = createDataChannel.apply(this, wanted);
  channel.addEventListener('message', ({ data }) => window.noteCall(true, data));
  const { send } = channel;
  channel.send = (data) => {
    window.noteCall(false, data);
    send.call(channel, data);
  };
  return channel;
};
