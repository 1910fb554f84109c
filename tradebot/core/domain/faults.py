"""Errors by consequence: what the operator must mend stops with one sentence."""

from __future__ import annotations


class OperatorFault(Exception):
    """Something only a person can mend: a key, a file, a setting. Its text is one clear sentence without secrets."""
