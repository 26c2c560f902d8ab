"""The split of an INSERT holds for any data."""

from hypothesis import given
from hypothesis import strategies as st

from orchestrator.embedded.execution.statements import find_insert_data, tokens

heads = st.sampled_from(
    [
        b"INSERT INTO t ",
        b"insert into db.t (a, `b c`) ",
        b"-- VALUES\nINSERT INTO values SETTINGS x = 'FORMAT y' ",
        b"INSERT INTO FUNCTION remote('h', 'd.t') (a) ",
    ]
)


@given(head=heads, name=st.sampled_from(["CSV", "Native", "JSONEachRow"]), data=st.binary(max_size=400))
def test_whatever_follows_the_line_feed_is_data(head, name, data):
    found = find_insert_data(head + b"FORMAT " + name.encode() + b"\n" + data)
    assert found is not None
    assert (found.sql, found.format) == (head, name)
    assert (head + b"FORMAT " + name.encode() + b"\n" + data)[found.data_start :] == data


@given(head=heads, data=st.binary(max_size=400))
def test_whatever_follows_values_is_data(head, data):
    sql = head + b"VALUES (" + data
    found = find_insert_data(sql)
    assert found is not None
    assert sql[found.data_start :] == b" (" + data


@given(sql=st.binary(max_size=400))
def test_tokens_never_overlap_and_never_run_away(sql):
    position = 0
    for token in tokens(sql):
        assert token.start >= position
        assert token.end > token.start
        assert sql[token.start : token.end] == token.text
        position = token.end
    assert position <= len(sql)


@given(sql=st.binary(max_size=400))
def test_no_text_makes_the_split_fail(sql):
    find_insert_data(sql)
    find_insert_data(b"INSERT INTO t " + sql)
