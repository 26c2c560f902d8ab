"""A local server that speaks S3, its buckets, and the settings to reach it."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from house import free_port
from moto.server import ThreadedMotoServer
from pydantic import SecretStr

LOGIN = {"aws_access_key_id": "somebody", "aws_secret_access_key": "secret", "region_name": "eu-north-1"}


@contextmanager
def s3_server() -> Iterator[str]:
    """Address of a server."""
    server = ThreadedMotoServer("127.0.0.1", free_port(), verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def client_of(endpoint: str) -> Any:
    """AWS's own client, to put and read objects with."""
    return boto3.client("s3", endpoint_url=endpoint, **LOGIN)


def new_bucket(endpoint: str) -> str:
    """Makes a bucket and gives its name."""
    name = f"bucket-{secrets.token_hex(6)}"
    client_of(endpoint).create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": LOGIN["region_name"]}
    )
    return name


def s3_settings_of(endpoint: str) -> dict[str, Any]:
    """The settings by which the house reaches the server."""
    return {
        "touchstone_s3_endpoint": endpoint,
        "touchstone_s3_region": LOGIN["region_name"],
        "touchstone_s3_access_key_id": LOGIN["aws_access_key_id"],
        "touchstone_s3_secret_access_key": SecretStr(LOGIN["aws_secret_access_key"]),
    }
