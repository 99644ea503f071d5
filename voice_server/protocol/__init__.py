"""The wire: messages, their encoding, and what they mean to the core."""
