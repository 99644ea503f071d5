"""The model files: which there are, fetching them, and finding them verified. See `models/README.md`."""

from voice_server.model_files.locate import default_models_dir, locate

__all__ = ["default_models_dir", "locate"]
