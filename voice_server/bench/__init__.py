"""The benchmarks behind `voice-server bench`."""
