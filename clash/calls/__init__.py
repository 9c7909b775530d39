"""Provider calls: each is recorded before it is made and settled afterwards, and none is made twice."""
