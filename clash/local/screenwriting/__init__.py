"""The parts of the local screenwriter: the words of the trade, casting, places, the breakdown into shots."""
