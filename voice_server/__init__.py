"""A full-duplex voice assistant server that people can interrupt."""

__version__ = "0.1.0"
