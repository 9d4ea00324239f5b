"""GGUF models: metadata, shapes and where the tensors lie."""
