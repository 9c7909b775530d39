"""The story as people bring it (`Story`) and the film as it will be shot (`Screenplay`)."""
