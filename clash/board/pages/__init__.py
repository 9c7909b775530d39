"""The pages of the board: HTML of documents. Nothing here asks a database or a network."""

from clash.board.pages.checkpoints import checkpoints_page, chosen_checkpoint
from clash.board.pages.errors import error_page, login_page
from clash.board.pages.money import money_page
from clash.board.pages.review import review_page
from clash.board.pages.run import run_page
from clash.board.pages.runs import runs_page

__all__ = [
    "checkpoints_page",
    "chosen_checkpoint",
    "error_page",
    "login_page",
    "money_page",
    "review_page",
    "run_page",
    "runs_page",
]
