"""One file of words per language: how people, animals, clothes, places and hours are told in it.

`a|b|c*` lists words; `*` stands for any ending. The keys are the English words that mean the same. In `years`, `N`
stands for a number in digits or words.
"""
