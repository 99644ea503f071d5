"""The subcommands of `voice-server`, one module each; `voice_server.__main__` puts them together."""
