"""The use cases: begin a run, resume it, cancel it, and say beforehand what it would cost.

    report = await run(RunRequest(story="story.csv"))

The Python API beside the command line. LangGraph is imported only once a graph is about to run.
"""

from clash.calls.changes import CallChange
from clash.production.batch_plan import BatchRequest, BatchStory
from clash.production.batch_run import StoryResult
from clash.production.batching import BatchReport, batch, batch_dry_run, command_of_batch, run_item
from clash.production.estimates import dry_run
from clash.production.fork_request import ForkRequest
from clash.production.forking import fork, fork_plan
from clash.production.plan import RunRequest
from clash.production.progress import Event, Observer
from clash.production.projects import set_monthly_quota
from clash.production.pruning import keep_policy, prune_checkpoints
from clash.production.removing import RemovalOptions, remove_runs
from clash.production.retaking import RetakeRequest, request_retake, retake, retake_plan
from clash.production.reviewing import approve, reject, review
from clash.production.run_report import RunReport
from clash.production.selecting import TakeSelected, select_take, use_take, use_take_plan
from clash.production.settling import settle_call
from clash.production.stopping import StopSignal
from clash.production.story_document import story_document, story_titles
from clash.production.take_list import takes
from clash.production.use_cases import cancel, resume, run
from clash.production.webhooks import flush_webhooks
from clash.production.whole_batches import approve_batch, cancel_batch, reject_batch, review_batch
from clash.workflow.context import Finish

__all__ = [
    "BatchReport",
    "BatchRequest",
    "BatchStory",
    "CallChange",
    "Event",
    "Finish",
    "ForkRequest",
    "Observer",
    "RemovalOptions",
    "RetakeRequest",
    "RunReport",
    "RunRequest",
    "StopSignal",
    "StoryResult",
    "TakeSelected",
    "approve",
    "approve_batch",
    "batch",
    "batch_dry_run",
    "cancel",
    "cancel_batch",
    "command_of_batch",
    "dry_run",
    "flush_webhooks",
    "fork",
    "fork_plan",
    "keep_policy",
    "prune_checkpoints",
    "reject",
    "reject_batch",
    "remove_runs",
    "request_retake",
    "resume",
    "retake",
    "retake_plan",
    "review",
    "review_batch",
    "run",
    "run_item",
    "select_take",
    "set_monthly_quota",
    "settle_call",
    "story_document",
    "story_titles",
    "takes",
    "use_take",
    "use_take_plan",
]
