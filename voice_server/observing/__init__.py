"""Looking on: logs, metrics, and captures of whole sessions."""
