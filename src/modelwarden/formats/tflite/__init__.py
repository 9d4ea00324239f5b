"""TensorFlow Lite models: operators, tensors and the buffers that they lie in."""
