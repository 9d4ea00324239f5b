"""What PyTorch writes: zip archives, TorchScript, packages, and the two older layouts."""
