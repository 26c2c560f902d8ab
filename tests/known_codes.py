"""A small world of codes for tests that land rows: dimensions filled by plain INSERTs, dictionaries reloaded."""

from clickhouse_connect.driver.client import Client

KNOWN = "true, 1, '2026-01-01', '2026-01-01', 0"
DIMENSIONS = {
    "source": f"(1, 'lab', 'Laboratory', 'CC0', {KNOWN})",
    "instrument": f"(1, 'AAPL', 'Apple', {KNOWN}), (2, 'EURUSD', 'Euro', {KNOWN})",
    "asset_class": f"(1, 'Equity', {KNOWN}), (2, 'Curncy', {KNOWN})",
    "sub_asset_class": f"(1, 1, 'Common Stock', {KNOWN}), (2, 2, 'SPOT', {KNOWN})",
    "product_type": f"(1, 'Share', {KNOWN})",
    "data_class": f"(1, 'Pricing', {KNOWN})",
    "field": ", ".join(
        f"({number}, '{code}', '{kind}', '', {KNOWN})"
        for number, (code, kind) in enumerate(
            [
                ("PX", "number"),
                ("SHARES", "integer"),
                ("ACTIVE", "boolean"),
                ("EXPIRY", "date"),
                ("SECTOR", "text"),
                ("ISIN", "identifier"),
            ],
            start=1,
        )
    ),
}
GOOD_ROW = ("2026-01-05", "lab", "AAPL", "Equity", "Common Stock", "Share", "Pricing", "PX", "1.5")


def teach_codes(client: Client) -> None:
    """Fill every dimension of the client's database and let the dictionaries know."""
    for domain, rows in DIMENSIONS.items():
        client.command(f"INSERT INTO dim_{domain} VALUES {rows}")
    reload_dictionaries(client)


def reload_dictionaries(client: Client) -> None:
    """Reload every dictionary of the client's database."""
    names = client.query("SELECT name FROM system.dictionaries WHERE database = currentDatabase()").result_rows
    assert len(names) >= 3 * len(DIMENSIONS)
    for (name,) in names:
        client.command(f"SYSTEM RELOAD DICTIONARY {name}")
