"""The warehouse: client, migrations, batches, gates."""
