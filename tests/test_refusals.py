"""What a vendor's refusal means, told by its words: no credit, content that it will not make, or something else."""

from __future__ import annotations

import pytest

from clash.providers.refusals import lacks_credit, refuses_content

NO_CREDIT = [
    (403, "User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing."),
    (403, "User is locked. Reason: TOP_UP."),
    (402, "anything at all"),
    (429, "insufficient_quota You exceeded your current quota, please check your plan and billing details."),
    (400, "billing_hard_limit_reached Billing hard limit has been reached"),
    (402, "Insufficient Balance"),
    (400, "invalid_request_error Your credit balance is too low to access the API."),
    (403, "Your team doesn't have any credits yet."),
    (403, "You have either used all available credits or reached your monthly spending limit."),
    (429, "exceeded_current_quota_error Your account is suspended due to insufficient balance"),
    (400, "Arrearage Access denied, please make sure your account is in good standing."),
    (403, "AccountOverdueError The request failed because your account has an overdue balance."),
    (403, "30001 Sorry, your account balance is insufficient"),
    (429, "1113 余额不足或无可用资源包,请充值。"),
    (429, "账户已欠费"),
]
CONTENT = [
    (422, "flagged by a content checker (content_policy_violation)"),
    (400, "moderation_blocked Your request was rejected by the safety system."),
    (400, "content_policy_violation Your request was rejected as a result of our safety system."),
    (400, "content_filter The response was filtered due to the prompt triggering Azure OpenAI's policy"),
    (400, "contentFilter Your task failed as a result of our safety system."),
    (403, "Your chosen model requires moderation and your input was flagged for violence"),
    (400, "data_inspection_failed Input data may contain inappropriate content."),
    (
        400,
        "InputTextSensitiveContentDetected The request failed: the input text may contain sensitive information.",
    ),
    (400, "1301 系统检测到输入或生成内容可能包含不安全或敏感内容"),
    (400, "The prompt violates our usage policies."),
]
OTHERWISE = [
    (429, "rate_limit_exceeded Rate limit reached for images per minute. Please try again in 12 s."),
    (429, "too many concurrent requests, credits are fine"),
    (403, "Cannot access application"),
    (401, "invalid_api_key Incorrect API key provided"),
    (422, '[{"loc": ["body", "safety_tolerance"], "msg": "must be between 1 and 6"}]'),
    (422, '[{"loc": ["body", "enable_safety_checker"], "msg": "not a boolean"}]'),
    (400, "model names in the input are case sensitive"),
    (400, "Rejected: the input is too long"),
    (404, "no such model"),
    (500, "insufficient balance of the cluster; content moderation is down"),
]


@pytest.mark.parametrize(("status", "words"), NO_CREDIT)
def test_an_empty_account_is_told_as_one(status: int, words: str) -> None:
    """In whichever status and words a vendor says it."""
    assert lacks_credit(status, words)


@pytest.mark.parametrize(("status", "words"), CONTENT)
def test_refused_content_is_told_as_such(status: int, words: str) -> None:
    """In whichever status and words a vendor says it; it is no want of money."""
    assert refuses_content(status, words)
    assert not lacks_credit(status, words)


@pytest.mark.parametrize(("status", "words"), OTHERWISE)
def test_other_refusals_are_neither(status: int, words: str) -> None:
    """A rate limit, a wrong key, a bad argument, an error of the server."""
    assert not lacks_credit(status, words)
    assert not refuses_content(status, words)
