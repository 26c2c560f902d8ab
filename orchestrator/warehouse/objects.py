"""Objects of a bucket beside the audit trail: which of them were taken, in which version.

The message of an object's commit is its version, ETag and size, so that an object is known without being fetched. The
trail knows it as long as it knows the rows: what a restored backup does not have is taken again.
"""

from collections.abc import Sequence

from clickhouse_connect.driver.client import Client

from orchestrator.feeds.buckets import StoredObject
from orchestrator.feeds.feed import Feed
from orchestrator.feeds.sources import BUCKET_SCHEME


def not_taken(client: Client, feed: Feed, listed: Sequence[StoredObject]) -> list[StoredObject]:
    """Those of the objects whose present content is not the one that was taken last, in the same order."""
    if not listed:
        return []
    taken = versions_taken(client, feed)
    return [stored for stored in listed if taken.get(stored.url) != stored.version]


def versions_taken(client: Client, feed: Feed) -> dict[str, str]:
    """The version of each object that was committed last, by the object's address."""
    result = client.query(
        "SELECT source_file, argMax(message, recorded_at) FROM ops_batches "
        "WHERE feed = {feed:String} AND state = 'committed' AND startsWith(source_file, {scheme:String}) "
        "GROUP BY source_file",
        {"feed": feed.name, "scheme": BUCKET_SCHEME},
    )
    return {str(address): str(version) for address, version in result.result_rows}
