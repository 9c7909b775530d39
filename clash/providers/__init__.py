"""What makes pictures, clips, words and voices. Nothing here knows the database or the workflow."""
