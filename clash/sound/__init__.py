"""Sound: ambience, foley, music, the speech track, their mix and its loudness."""
