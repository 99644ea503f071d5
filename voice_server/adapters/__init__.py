"""One third-party library each, fitted to a port."""
