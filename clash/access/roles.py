"""Roles in projects: a viewer reads, a producer also decides, an owner also gives and revokes tokens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

EVERY_PROJECT = "*"
"""The project of a grant that holds in every project."""


class Role(StrEnum):
    """What an account may do in a project; each role includes those before it."""

    VIEWER = "viewer"
    PRODUCER = "producer"
    OWNER = "owner"

    @property
    def rank(self) -> int:
        """The place of the role among the roles, from 0."""
        return list(Role).index(self)


@dataclass(frozen=True)
class Access:
    """An account, and its roles by project. `token_id`: the token that it came with, "" without one."""

    account: str = ""
    token_id: str = ""
    grants: Mapping[str, Role] = field(default_factory=dict[str, Role])

    def role_in(self, project: str) -> Role | None:
        """Return the role in a project, or None.

        >>> Access("mara", "", {"storm": Role.VIEWER, "*": Role.PRODUCER}).role_in("storm").value
        'producer'
        """
        return highest(role for name in (project, EVERY_PROJECT) if (role := self.grants.get(name)))

    def may(self, least: Role, project: str) -> bool:
        """Return whether the account has this role in a project, or one that includes it."""
        role = self.role_in(project)
        return role is not None and role.rank >= least.rank

    def projects(self, least: Role = Role.VIEWER) -> tuple[str, ...] | None:
        """Return the projects in which the account has this role or a higher one, sorted; None: in every project."""
        found = sorted(project for project, role in self.grants.items() if role.rank >= least.rank)
        return None if EVERY_PROJECT in found else tuple(found)


EVERYTHING = Access(grants={EVERY_PROJECT: Role.OWNER})
"""The access of a browser that opened the one-use link of a board without accounts."""


def highest(roles: Iterable[Role]) -> Role | None:
    """Return the highest of some roles; None of none."""
    return max(roles, key=lambda role: role.rank, default=None)


def together(account: str, grants: Iterable[Mapping[str, Role]]) -> Access:
    """Return the access of an account that has several tokens: in each project the highest role of them."""
    found: dict[str, Role] = {}
    for granted in grants:
        for project, role in granted.items():
            found[project] = highest(one for one in (found.get(project), role) if one) or role
    return Access(account, "", found)
