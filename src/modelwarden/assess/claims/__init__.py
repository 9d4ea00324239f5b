"""Claims about a model, and whether the user's own data bear them out."""
