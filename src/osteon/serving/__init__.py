"""The service: an ensemble behind HTTP, with onnxruntime and without torch."""
