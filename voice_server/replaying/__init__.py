"""Captured sessions again: their decisions, their sound through the runtime, their picture."""
