"""Core ML: models, the manifest of a package, and the weights beside a model."""
