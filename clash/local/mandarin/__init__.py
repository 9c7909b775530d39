"""Mandarin, offline: from a written line to phonemes, and from phonemes to one of Kokoro's Chinese voices."""
