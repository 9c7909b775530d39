"""The command line: parse, ask the rooms below, print."""
