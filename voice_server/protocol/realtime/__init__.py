"""The OpenAI Realtime dialect (GA): pure translation between its events and the core's.

Facts about it were read in the openai package 3.54 (`openai/types/realtime`) and in its clients' source.
"""
