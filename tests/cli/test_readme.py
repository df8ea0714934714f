"""What the README shows is what the program prints: every `$ biascope ...` line of its console blocks is run from the
repository's root, and its output compared; the program prints certified digits
alone, which may differ by one unit of the last on another processor; paths and times are not shown."""
import decimal
import os
import pathlib
import re
import shlex
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIASCOPE = os.environ["BIASCOPE"]
NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


def examples(text):
    """(command, expected output) of each console block, in order; a command may go on after a backslash."""
    for block in re.findall(r"^```console\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        for part in re.split(r"^\$ ", block.replace("\\\n", ""), flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            if command.startswith("biascope "):
                yield command, output


EXAMPLES = list(examples((ROOT / "README.md").read_text()))


def agree(shown, printed):
    """Two numbers of as many digits that differ by one unit of the last at most; or gaps, both of which are rounding."""
    if float(shown) < 1e-9 > float(printed):
        return True
    a, b = decimal.Decimal(shown), decimal.Decimal(printed)
    return abs(a.as_tuple().exponent - b.as_tuple().exponent) <= 1 and abs(a - b) <= decimal.Decimal(10) ** max(
        a.as_tuple().exponent, b.as_tuple().exponent)


def test_the_readme_has_its_examples():
    assert len(EXAMPLES) >= 5


def test_the_readme_is_true(tmp_path):
    """In one test: an example may use the files of an earlier one, in out/, which stands for a fresh folder here."""
    for command, shown in EXAMPLES:
        arguments = [argument.replace("out/", f"{tmp_path}/") for argument in shlex.split(command)[1:]]
        result = subprocess.run([BIASCOPE, *arguments], cwd=ROOT, capture_output=True, text=True)
        printed = result.stdout.replace(f"{tmp_path}/", "out/")
        assert result.returncode == 0, (command, result.stderr)
        assert NUMBER.sub("#", printed).split() == NUMBER.sub("#", shown).split(), command
        for a, b in zip(NUMBER.findall(shown), NUMBER.findall(printed)):
            assert agree(a, b), (command, a, b)


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#]+)\)", (ROOT / "README.md").read_text()))))
def test_the_readmes_links_lead_somewhere(link):
    assert link.startswith("https://") or (ROOT / link).exists()
