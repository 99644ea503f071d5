"""The headless client: a microphone, a loudspeaker and a recording of both."""
