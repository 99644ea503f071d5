"""Calls over WebRTC: messages on a data channel, audio as RTP."""
