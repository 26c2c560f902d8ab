"""Users, their passwords and what they may do: from a file like ClickHouse's users.xml, or one login from the settings.

Understood: users with `password`, `password_sha256_hex`, `password_double_sha1_hex` or `no_password`, `networks` with
`ip`, `profile`, `default_database`, `quota` (accepted, without effect); profiles with settings and a parent `profile`;
roles, as names that a user's `grants` gives (`GRANT analyst`).
"""

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from orchestrator.exceptions import EngineUsersError

_SECRETS: Final = ("password", "password_sha256_hex", "password_double_sha1_hex", "no_password")
_USER_ENTRIES: Final = frozenset((*_SECRETS, "networks", "profile", "default_database", "quota", "grants"))
_GRANT: Final = re.compile(r"\s*GRANT\s+([A-Za-z_]\w*)\s*;?\s*", re.IGNORECASE)
_READONLY_LEVELS: Final = ("0", "1", "2")


@dataclass(frozen=True)
class User:
    """Somebody who may log in.

    Attributes:
        secret_kind: which of ClickHouse's entries `secret` is from, such as password_sha256_hex.
        networks: addresses the user may come from, in CIDR notation; empty for any.
        readonly: 0 may write; 1 may read; 2 may read and change settings.
        settings: of the user's profile, for every query.
        roles: names the user may give as `role=`; they change nothing.
    """

    name: str
    secret_kind: str = "no_password"
    secret: str = ""
    networks: tuple[str, ...] = ()
    readonly: int = 0
    settings: Mapping[str, str] = field(default_factory=dict)
    database: str | None = None
    roles: frozenset[str] = frozenset()

    @property
    def has_password(self) -> bool:
        """False for somebody whom anybody may claim to be."""
        return self.secret_kind != "no_password" and not (self.secret_kind == "password" and not self.secret)

    def is_let_in(self, password: str, address: str) -> bool:
        """True for the right password from an address the user may come from."""
        return self._knows(password) and self._may_come_from(address)

    def _knows(self, password: str) -> bool:
        if self.secret_kind == "no_password":
            return True
        given = password.encode(errors="surrogateescape")
        if self.secret_kind == "password_sha256_hex":
            return hmac.compare_digest(hashlib.sha256(given).hexdigest(), self.secret.lower())
        if self.secret_kind == "password_double_sha1_hex":
            twice = hashlib.sha1(hashlib.sha1(given).digest()).hexdigest()
            return hmac.compare_digest(twice, self.secret.lower())
        return hmac.compare_digest(given, self.secret.encode())

    def _may_come_from(self, address: str) -> bool:
        return not self.networks or any(ip_address(address) in ip_network(n, strict=False) for n in self.networks)


def one_user(name: str, password: str) -> dict[str, User]:
    """The only login of an engine without a users file."""
    return {name: User(name, "password", password)}


def read_users(path: Path) -> dict[str, User]:
    """The users of a file, by name.

    Raises:
        EngineUsersError: the file cannot be read, or an entry cannot be understood; names file, entry and remedy.
    """
    try:
        root = ElementTree.fromstring(path.read_bytes())
    except OSError as error:
        raise EngineUsersError(f"The users file {path} cannot be read: {error.strerror}.") from error
    except ElementTree.ParseError as error:
        raise EngineUsersError(f"The users file {path} is not XML: {error}.") from error
    profiles = {element.tag: element for element in root.iterfind("profiles/*")}
    users = {element.tag: _user(element, profiles, path) for element in root.iterfind("users/*")}
    if not users:
        raise EngineUsersError(f"The users file {path} has no users.", "Put them into <clickhouse><users>...")
    return users


def without_password(users: Iterable[User]) -> list[str]:
    """Names of those whom anybody may claim to be, from any address."""
    return [user.name for user in users if not user.has_password and not _is_loopback_only(user)]


def with_limits(users: Mapping[str, User], max_execution_seconds: int) -> dict[str, User]:
    """The users, with a limit for those whose profile has none. 0 is no limit."""
    if not max_execution_seconds:
        return dict(users)
    limit = {"max_execution_time": str(max_execution_seconds)}
    return {name: replace(user, settings={**limit, **user.settings}) for name, user in users.items()}


def _user(element: ElementTree.Element, profiles: Mapping[str, ElementTree.Element], path: Path) -> User:
    where = f"User {element.tag!r} in {path}"
    for child in element:
        if child.tag not in _USER_ENTRIES:
            known = ", ".join(sorted(_USER_ENTRIES))
            raise EngineUsersError(f"{where} has an entry <{child.tag}>, which is not known here.", f"Known: {known}.")
    secrets = [child for child in element if child.tag in _SECRETS]
    if len(secrets) != 1:
        raise EngineUsersError(f"{where} needs exactly one of {', '.join(_SECRETS)}; it has {len(secrets)}.")
    settings = _settings(element.findtext("profile", "default").strip(), profiles, where)
    readonly = settings.pop("readonly", "0")
    if readonly not in _READONLY_LEVELS:
        raise EngineUsersError(f"{where} has readonly {readonly!r}.", "It is 0, 1 or 2.")
    networks = tuple(_text(ip) for ip in element.iterfind("networks/ip"))
    for network in networks:
        _ensure_network(network, where)
    grants = [_text(query) for query in element.iterfind("grants/query")]
    roles = [match.group(1) for grant in grants if (match := _GRANT.fullmatch(grant))]
    if len(roles) != len(grants):
        raise EngineUsersError(
            f"{where} has a grant that is not a role's.",
            "Only `GRANT role` is understood; else use a readonly profile.",
        )
    secret = secrets[0]
    database = element.findtext("default_database")
    return User(
        element.tag, secret.tag, _text(secret), networks, int(readonly), settings, database, frozenset(roles)
    )  # fmt: skip


def _settings(name: str, profiles: Mapping[str, ElementTree.Element], where: str, depth: int = 0) -> dict[str, str]:
    if name not in profiles:
        if name == "default":
            return {}
        raise EngineUsersError(f"{where} has the profile {name!r}, which the file does not have.")
    if depth > len(profiles):
        raise EngineUsersError(f"{where} has the profile {name!r}, which is its own parent.")
    settings: dict[str, str] = {}
    for child in profiles[name]:
        if child.tag == "profile":
            settings |= _settings(_text(child), profiles, where, depth + 1)
        else:
            settings[child.tag] = _text(child)
    return settings


def _ensure_network(network: str, where: str) -> None:
    try:
        ip_network(network, strict=False)
    except ValueError as error:
        raise EngineUsersError(f"{where} has the network {network!r}: {error}.") from error


def _is_loopback_only(user: User) -> bool:
    return bool(user.networks) and all(ip_network(network, strict=False).is_loopback for network in user.networks)


def _text(element: ElementTree.Element) -> str:
    return (element.text or "").strip()
