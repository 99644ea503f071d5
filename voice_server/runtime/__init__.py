"""The only orchestration: one task group per session."""
