"""ONNX models: operators, tensors and where their bytes lie."""
