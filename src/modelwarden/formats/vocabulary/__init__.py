"""What makes tokens of text: SentencePiece and Hugging Face tokenizers."""
