"""Whose packs a patch runs."""

from collections.abc import Callable

from edge.signature import SignedBy, check


def signed_by_any(keys: tuple[bytes, ...]) -> Callable[[bytes], bool]:
    """Make the check of a file: signed by one of these keys, and as it was then.

    Parameters
    ----------
    keys
        SHA-256 of their 32 bytes; empty: any pack will do.
    """

    def signed(data: bytes) -> bool:
        if not keys:
            return True
        signing = check(data)
        return isinstance(signing, SignedBy) and bytes.fromhex(signing.fingerprint) in keys

    return signed
