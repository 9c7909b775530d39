"""What a vendor means by a refusal: an account without credit, or content that it will not make.

Vendors tell both in statuses of their own choosing (400, 402, 403, 422, 429), so their words decide. The words are
those of OpenAI, Azure, fal, OpenRouter, DeepSeek, xAI, Anthropic, Moonshot, Zhipu, Alibaba, Volcengine and SiliconFlow.
"""

from __future__ import annotations

import re

PAYMENT_REQUIRED = 402
_REFUSALS = frozenset(range(400, 500))

_NO_CREDIT = re.compile(
    r"insufficient[ _-]?(?:account[ _-]?)?(?:quota|balance|credits?|funds?)"
    r"|(?:balance|credits?|funds?|quota)(?: is| are| has been| have been)?[ _-](?:exhausted|insufficient|depleted"
    r"|too low|not enough|used up)"
    r"|exhausted[ _-](?:your[ _-])?(?:balance|credits?|quota)"
    r"|(?:out of|run out of|no|not enough|used all(?: of)? your|enough) (?:available )?credits?\b"
    r"|(?:does not|doesn't|do not|don't) have (?:any|enough|sufficient) (?:credits?|balance|funds?)"
    r"|not enough (?:balance|funds?|money)"
    r"|credit balance|reason: top_up"
    r"|exceeded_current_quota|billing[ _-](?:hard[ _-]limit|not[ _-]active|limit)|spending limit"
    r"|payment required|\barrear|overdue|account is (?:not active|suspended due to)|in good standing"
    r"|余额不足|余额已|欠费|额度不足|额度已用",
    re.IGNORECASE,
)
_CONTENT = re.compile(
    r"content[ _-]?(?:policy|filter|moderation|checker)|moderation|responsible[ _-]?ai"
    r"|safety (?:system|filter|checker|guideline|polic|reason)|usage polic|acceptable use"
    r"|(?:flagged|prohibited|inappropriate|(?<!case[ -])sensitive|unsafe|nsfw)[^.]{0,40}"
    r"(?:content|prompt|input|image|text|word)"
    r"|(?:content|prompt|input|image|text)[^.]{0,40}"
    r"(?:flagged|prohibited|inappropriate|(?<!case[ -])sensitive|unsafe|nsfw|violat)"
    r"|data[ _-]?inspection[ _-]?failed|敏感|违规|不合规|安全审核",
    re.IGNORECASE,
)


def lacks_credit(status: int, words: str) -> bool:
    """Whether a refusal with this HTTP status and these words (code, type, message) is for want of money.

    >>> lacks_credit(403, "User is locked. Reason: Exhausted balance. Top up your balance")
    True
    >>> lacks_credit(429, "rate_limit_exceeded: try again in 20 s"), lacks_credit(403, "Cannot access application")
    (False, False)
    """
    return status == PAYMENT_REQUIRED or (status in _REFUSALS and _NO_CREDIT.search(words) is not None)


def refuses_content(status: int, words: str) -> bool:
    """Whether a refusal with this HTTP status and these words (code, type, message) is for what was asked for.

    >>> refuses_content(422, "flagged by a content checker (content_policy_violation)")
    True
    >>> refuses_content(400, "unknown argument: size"), refuses_content(429, "too many requests")
    (False, False)
    """
    return status in _REFUSALS and status not in (401, 402, 404, 429) and _CONTENT.search(words) is not None
