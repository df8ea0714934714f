"""What the README and docs/python.md show of Python is what it prints: every block ```pycon, in order, in one session at the
repository's root. A block whose imports are not installed is left out."""
import doctest
import importlib.util
import os
import pathlib
import re

import pytest

from shown import agree

ROOT = pathlib.Path(__file__).resolve().parents[3]


class Checker(doctest.OutputChecker):
    def check_output(self, want, got, optionflags):
        return agree(want, got)


def blocks(document):
    text = (ROOT / document).read_text(encoding="utf-8")
    return re.findall(r"^```pycon\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def is_installed(block):
    modules = re.findall(r"^(?:>>>|\.\.\.) *(?:import|from) (\w+)", block, re.MULTILINE)
    return all(importlib.util.find_spec(module) for module in modules)


@pytest.mark.parametrize("document, least", [("README.md", 5), ("docs/python.md", 5)])
def test_the_documents_show_what_python_prints(document, least, monkeypatch):
    monkeypatch.chdir(ROOT)
    found = blocks(document)
    assert len(found) >= least
    runner = doctest.DocTestRunner(Checker(), verbose=False)
    names = {}
    for number, block in enumerate(found):
        if not is_installed(block):
            continue
        test = doctest.DocTestParser().get_doctest(block, names, f"{document}, block {number + 1}", document, 0)
        report = []
        runner.run(test, out=report.append, clear_globs=False)
        names = test.globs
        assert runner.failures == 0, "".join(report)
