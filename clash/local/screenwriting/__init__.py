"""The parts of the local screenwriter: casting, descriptions, places, prompts, the breakdown into shots."""
