"""Collects the examples of README.md and of the pages in docs/."""

from tests.docs_examples import examples

pytest_collect_file = examples().pytest()
collect_ignore_glob = ["docs/_build/*", "docs/reference/api/*", "docs/conf.py"]
