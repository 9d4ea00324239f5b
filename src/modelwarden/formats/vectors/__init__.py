"""Vectors of words: fastText and word2vec."""
