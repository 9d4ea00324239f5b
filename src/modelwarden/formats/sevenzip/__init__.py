"""7z archives: their header, and the chains of decoders that their folders name."""
