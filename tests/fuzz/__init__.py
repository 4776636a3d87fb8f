"""Broken FCS files by the thousand: each is refused with a code, or read as its bytes allow."""
