"""OpenAI Realtime: over a WebSocket, and what every connection of it needs."""
