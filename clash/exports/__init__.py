"""Hand a film over: timelines for editors, subtitles, the shot list, the screenplay, a storyboard, and the media."""
