"""What there is and what happened, read and told as the documents of docs/commands.md; nothing here runs a graph."""
