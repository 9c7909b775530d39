"""Pictures: camera moves over a still, captions, encoding, joining and inspecting the film."""
