"""Using a trained model: features, masks, reconstructions, exports."""
