"""The users file: what is understood, who is let in, and each fault in words."""

import hashlib
from pathlib import Path

import pytest

from orchestrator.embedded.access.users import one_user, read_users, with_limits, without_password
from orchestrator.exceptions import EngineUsersError

SHA256 = hashlib.sha256(b"s3cret").hexdigest()
DOUBLE_SHA1 = hashlib.sha1(hashlib.sha1(b"s3cret").digest()).hexdigest()


def users_of(tmp_path: Path, users: str, profiles: str = ""):
    file = tmp_path / "users.xml"
    file.write_text(f"<clickhouse><profiles>{profiles}</profiles><users>{users}</users></clickhouse>")
    return read_users(file)


@pytest.mark.parametrize(
    "secret",
    [
        "<password>s3cret</password>",
        f"<password_sha256_hex>{SHA256.upper()}</password_sha256_hex>",
        f"<password_double_sha1_hex>{DOUBLE_SHA1}</password_double_sha1_hex>",
    ],
)
def test_every_form_of_password_lets_in_the_right_one_only(tmp_path, secret):
    ann = users_of(tmp_path, f"<ann>{secret}</ann>")["ann"]
    assert ann.is_let_in("s3cret", "127.0.0.1")
    for wrong in ("", "S3cret", "s3cret ", SHA256, "\udcff"):
        assert not ann.is_let_in(wrong, "127.0.0.1")
    assert ann.has_password


def test_networks_keep_others_out(tmp_path):
    ann = users_of(
        tmp_path, "<ann><no_password/><networks><ip>10.1.0.0/16</ip><ip>::1</ip></networks></ann>"
    )["ann"]  # fmt: skip
    assert ann.is_let_in("", "10.1.2.3")
    assert ann.is_let_in("anything", "::1")
    assert not ann.is_let_in("", "10.2.0.1")


def test_profiles_give_settings_and_inherit(tmp_path):
    profiles = (
        "<default><max_threads>2</max_threads></default>"
        "<reader><profile>default</profile><readonly>1</readonly><max_threads>1</max_threads></reader>"
    )
    users = users_of(
        tmp_path,
        "<ann><password>x</password><profile>reader</profile><default_database>market</default_database></ann>"
        "<bob><password>x</password></bob>",
        profiles,
    )
    assert (users["ann"].readonly, dict(users["ann"].settings), users["ann"].database) == (
        1,
        {"max_threads": "1"},
        "market",
    )
    assert (users["bob"].readonly, dict(users["bob"].settings)) == (0, {"max_threads": "2"})


def test_roles_come_from_grants(tmp_path):
    grants = "<grants><query>GRANT desk</query><query>grant night_shift;</query></grants>"
    assert users_of(tmp_path, f"<ann><password>x</password>{grants}</ann>")["ann"].roles == {"desk", "night_shift"}


def test_a_limit_holds_for_users_whose_profile_has_none(tmp_path):
    profiles = "<slow><max_execution_time>600</max_execution_time></slow>"
    users = users_of(
        tmp_path, "<a><no_password/></a><b><no_password/><profile>slow</profile></b>", profiles
    )  # fmt: skip
    limited = with_limits(users, 60)
    assert limited["a"].settings["max_execution_time"] == "60"
    assert limited["b"].settings["max_execution_time"] == "600"
    assert with_limits(users, 0) == users


@pytest.mark.parametrize(
    ("users", "profiles", "told"),
    [
        ("", "", "has no users"),
        ("<ann/>", "", "exactly one of"),
        ("<ann><password>a</password><no_password/></ann>", "", "it has 2"),
        ("<ann><password>a</password><ldap/></ann>", "", "<ldap>"),
        ("<ann><password>a</password><profile>nix</profile></ann>", "", "profile 'nix'"),
        ("<ann><password>a</password><profile>p</profile></ann>", "<p><profile>p</profile></p>", "its own parent"),
        ("<ann><password>a</password><profile>p</profile></ann>", "<p><readonly>3</readonly></p>", "readonly '3'"),
        ("<ann><password>a</password><networks><ip>10.1/99</ip></networks></ann>", "", "network '10.1/99'"),
        ("<ann><password>a</password><grants><query>GRANT SELECT ON *.*</query></grants></ann>", "", "not a role's"),
    ],
)
def test_a_fault_names_the_file_the_user_and_the_entry(tmp_path, users, profiles, told):
    with pytest.raises(EngineUsersError) as caught:
        users_of(tmp_path, users, profiles)
    assert told in str(caught.value)
    assert "users.xml" in str(caught.value)


def test_a_file_that_cannot_be_read_is_an_error(tmp_path):
    with pytest.raises(EngineUsersError, match="cannot be read"):
        read_users(tmp_path / "none.xml")
    (tmp_path / "bad.xml").write_text("<clickhouse>")
    with pytest.raises(EngineUsersError, match="is not XML"):
        read_users(tmp_path / "bad.xml")


def test_users_anybody_may_claim_to_be_are_named(tmp_path):
    users = users_of(
        tmp_path,
        "<ann><no_password/></ann><bob><password/></bob><eve><password>x</password></eve>"
        "<own><no_password/><networks><ip>127.0.0.1</ip><ip>::1</ip></networks></own>",
    )
    assert without_password(users.values()) == ["ann", "bob"]
    assert without_password(one_user("default", "").values()) == ["default"]
    assert without_password(one_user("default", "x").values()) == []
