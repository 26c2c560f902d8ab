"""Minting and appending IDs beside other engines, the lookup desk at a million rows, and other designs of keys."""
