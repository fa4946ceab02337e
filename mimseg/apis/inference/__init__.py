"""Using a trained model: features, masks, reconstructions, exports."""

from .inference import draw_masks, find_images, load_model, read_images, reconstruct

__all__ = ["draw_masks", "find_images", "load_model", "read_images", "reconstruct"]
